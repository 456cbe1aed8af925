#include "ranks.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ATen/Parallel.h>
#include <embark/core/error.h>

extern char** environ;

namespace embark::testing {

namespace {

std::map<std::string, Scenario>& scenarios() {
    static std::map<std::string, Scenario> all;
    return all;
}

pid_t start(const std::map<std::string, std::string>& variables, const std::filesystem::path& output) {
    std::vector<std::string> texts;
    for (char** entry = environ; *entry != nullptr; ++entry) texts.emplace_back(*entry);
    for (const auto& [name, value] : variables) texts.push_back(name + "=" + value);
    std::vector<char*> environment;
    for (auto& text : texts) environment.push_back(text.data());
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    std::string program = "/proc/self/exe";
    char* arguments[] = {program.data(), nullptr};
    pid_t child = -1;
    EXPECT_EQ(posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environment.data()), 0);
    posix_spawn_file_actions_destroy(&actions);
    return child;
}

}  // namespace

RegisterScenario::RegisterScenario(const std::string& name, Scenario scenario) {
    scenarios()[name] = std::move(scenario);
}

int free_port() {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length), 0);
    close(descriptor);
    return ntohs(address.sin_port);
}

std::vector<RankResult> run_ranks(const std::string& scenario, int64_t size, const std::filesystem::path& folder,
                                  const std::map<std::string, std::string>& environment) {
    const std::string port = std::to_string(free_port());
    std::vector<pid_t> children;
    const auto output_of = [&](int64_t rank) { return folder / concat("stderr-", size, "-", rank); };
    for (int64_t rank = 0; rank < size; ++rank) {
        std::map<std::string, std::string> variables = {
            {"EMBARK_SCENARIO", scenario}, {"EMBARK_SCENARIO_FOLDER", folder.string()}, {"EMBARK_TIMEOUT", "60"}};
        if (size > 1) {
            variables.insert({{"RANK", std::to_string(rank)},
                              {"LOCAL_RANK", std::to_string(rank)},
                              {"WORLD_SIZE", std::to_string(size)},
                              {"MASTER_ADDR", "127.0.0.1"},
                              {"MASTER_PORT", port}});
        }
        for (const auto& [name, value] : environment) variables[name] = value;
        children.push_back(start(variables, output_of(rank)));
    }
    std::vector<RankResult> results;
    for (int64_t rank = 0; rank < size; ++rank) {
        int status = 0;
        waitpid(children[static_cast<size_t>(rank)], &status, 0);
        std::ostringstream text;
        text << std::ifstream(output_of(rank)).rdbuf();
        results.push_back({WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), text.str()});
    }
    return results;
}

void run_ranks_well(const std::string& scenario, int64_t size, const std::filesystem::path& folder,
                    const std::map<std::string, std::string>& environment) {
    for (const auto& result : run_ranks(scenario, size, folder, environment)) {
        EXPECT_EQ(result.code, 0) << result.output;
    }
}

}  // namespace embark::testing

int main(int argc, char** argv) {
    const char* scenario = std::getenv("EMBARK_SCENARIO");
    if (scenario == nullptr) {
        testing::InitGoogleTest(&argc, argv);
        return RUN_ALL_TESTS();
    }
    at::set_num_threads(1);
    try {
        embark::testing::scenarios().at(scenario)(std::getenv("EMBARK_SCENARIO_FOLDER"));
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return dynamic_cast<const embark::UsageError*>(&error) != nullptr ? 2 : 1;
    }
    return 0;
}
