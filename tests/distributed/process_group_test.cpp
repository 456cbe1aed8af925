#include <embark/distributed/process_group.h>

#include <array>
#include <csignal>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <torch/torch.h>
#include <unistd.h>

#include <embark/core/error.h>

#include "ranks.h"
#include "test_files.h"

namespace embark {
namespace process_group_test {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::RegisterScenario;
using testing::run_ranks;
using testing::run_ranks_well;
using testing::TemporaryFolder;

std::shared_ptr<ProcessGroup> the_processes() {
    auto processes = ProcessGroup::from_environment();
    require(processes != nullptr, "there is one process alone");
    return processes;
}

const RegisterScenario exchanges("exchanges", [](const std::filesystem::path&) {
    const auto group = the_processes();
    const int64_t rank = group->rank(), size = group->size();
    auto sum = torch::full({3}, rank + 1.0);
    group->all_reduce(sum);
    require(sum.equal(torch::full({3}, size * (size + 1) / 2.0)), "the sum is ", sum);
    require(group->all_reduce(static_cast<double>(rank), Reduce::max) == size - 1.0, "the maximum");
    auto values = torch::full({2, 2}, rank, at::kLong);
    group->broadcast(values, size - 1);
    require(values.equal(torch::full({2, 2}, size - 1, at::kLong)), "the broadcast");
    require(group->broadcast(rank == 0 ? "to all" : "") == "to all", "the broadcast of a text");

    const auto rows = group->all_gather(torch::full({rank, 2}, rank, at::kInt));
    for (int64_t r = 0; r < size; ++r) {
        require(rows[static_cast<size_t>(r)].equal(torch::full({r, 2}, r, at::kInt)), "the rows of rank ", r);
    }
    const auto texts = group->all_gather(std::string(static_cast<size_t>(rank), 'x'));
    require(texts.back() == std::string(static_cast<size_t>(size - 1), 'x') && texts.front().empty(), "the texts");

    // Rank r gets r + 1 rows of each other.
    Tensors to_send;
    for (int64_t r = 0; r < size; ++r) to_send.push_back(torch::full({r + 1, 3}, 10.0 * rank + r));
    const auto got = group->all_to_all(to_send);
    for (int64_t r = 0; r < size; ++r) {
        require(got[static_cast<size_t>(r)].equal(torch::full({rank + 1, 3}, 10.0 * r + rank)), "rows from rank ", r);
    }
    const int64_t before = group->bytes_sent();
    auto numbers = torch::zeros({1000});
    group->all_reduce(numbers);
    require(group->bytes_sent() - before == 2 * (size - 1) * 4000 / size, "bytes: ", group->bytes_sent() - before);
    group->barrier();
});

TEST(ProcessGroup, exchanges_give_every_process_what_it_should_get) {
    const TemporaryFolder folder;
    run_ranks_well("exchanges", 2, folder.path());
    run_ranks_well("exchanges", 4, folder.path());
}

const RegisterScenario wrong_usage("wrong_usage", [](const std::filesystem::path&) {
    const auto strategy = Strategy::from_environment();
    const auto fails = [&](const char* name) {
        // Rank 1's in run_in_all, the main process's in the others.
        if (strategy->share().rank == 1 || std::string_view(name) == "main") fail<UsageError>("Invalid ", name);
    };
    try {
        strategy->run_in_all([&] { fails("part"); });
        fail("nothing was thrown");
    } catch (const UsageError& error) {
        require(std::string_view(error.what()) == "Invalid part", "it says ", error.what());
    }
    strategy->write_by_main_process([&] { fails("main"); });
});

TEST(Strategy, a_wrong_setting_that_one_process_meets_is_wrong_usage_in_all) {
    const TemporaryFolder folder;
    for (const auto& result : run_ranks("wrong_usage", 3, folder.path())) {
        EXPECT_EQ(result.code, 2) << result.output;
        EXPECT_EQ(result.output, "Invalid main\n");
    }
}

TEST(Strategy, of_one_process_has_all_and_exchanges_nothing) {
    Strategy alone;
    EXPECT_TRUE(alone.is_main_process() && alone.decides_alone());
    EXPECT_EQ(alone.share().part(10).size(), 10);
    auto values = torch::ones({2});
    alone.all_reduce(values);
    alone.broadcast(values);
    EXPECT_TRUE(values.equal(torch::ones({2})));
    EXPECT_TRUE(alone.all_gather(values).at(0).equal(values));
    EXPECT_TRUE(alone.all_to_all({values}).at(0).equal(values));
    EXPECT_EQ(alone.broadcast(std::string("text")), "text");
    EXPECT_EQ(alone.all_gather(std::string("text")), std::vector<std::string>{"text"});
    EXPECT_FALSE(alone.any(false));
    EXPECT_TRUE(alone.stops(true));
    EXPECT_FALSE(alone.stops(false));
    EXPECT_THROW(alone.write_by_main_process([] { fail<UsageError>("no"); }), UsageError);
}

/// Whether this process listens at an address that other machines cannot reach.
bool listens_at_loopback() {
    for (int descriptor = 3; descriptor < 256; ++descriptor) {
        int listens = 0;
        socklen_t size = sizeof listens;
        if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) continue;
        sockaddr_in address{};
        socklen_t length = sizeof address;
        if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) continue;
        if (address.sin_family == AF_INET && (ntohl(address.sin_addr.s_addr) >> 24) == 127) return true;
    }
    return false;
}

/// As where rank 0's machine calls itself 127.0.1.1, and the others know its address.
const RegisterScenario meets("meets", [](const std::filesystem::path&) {
    ProcessGroupOptions options = launch_environment();
    if (options.rank == 0) options.address = "127.0.1.1";
    ProcessGroup group(options);
    require(group.all_reduce(1.0) == 2, "the sum");
    require(!listens_at_loopback(), "rank ", options.rank, " listens where no other machine can reach it");
});

/// An IPv4 address of this machine that is not its loopback; empty where it has none.
std::string own_address() {
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) != 0) return {};
    std::string found;
    for (const ifaddrs* way = all; way != nullptr; way = way->ifa_next) {
        if (way->ifa_addr == nullptr || way->ifa_addr->sa_family != AF_INET) continue;
        std::array<char, INET_ADDRSTRLEN> text{};
        inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(way->ifa_addr)->sin_addr, text.data(), text.size());
        if (!std::string_view(text.data()).starts_with("127.")) found = text.data();
    }
    freeifaddrs(all);
    return found;
}

TEST(ProcessGroup, a_main_process_whose_name_is_its_loopback_can_be_reached_by_other_machines) {
    const std::string address = own_address();
    if (address.empty()) GTEST_SKIP() << "This machine has no address but its loopback's";
    const TemporaryFolder folder;
    run_ranks_well("meets", 2, folder.path(), {{"MASTER_ADDR", address}});
}

TEST(ProcessGroup, alone_it_exchanges_nothing) {
    EXPECT_EQ(ProcessGroup::from_environment(), nullptr);
    ProcessGroup alone({});
    auto values = torch::ones({2});
    alone.all_reduce(values);
    EXPECT_TRUE(values.equal(torch::ones({2})));
    EXPECT_TRUE(alone.all_gather(values).at(0).equal(values));
    EXPECT_TRUE(alone.all_to_all({values}).at(0).equal(values));
    EXPECT_EQ(alone.bytes_sent(), 0);
}

const RegisterScenario meet("meet", [](const std::filesystem::path&) { the_processes()->barrier(); });

TEST(ProcessGroup, an_environment_that_cannot_be_right_is_wrong_usage) {
    const TemporaryFolder folder;
    const auto message = [&](const std::map<std::string, std::string>& environment) {
        const auto result = run_ranks("meet", 1, folder.path(), environment).front();
        EXPECT_EQ(result.code, 2) << result.output;
        return result.output;
    };
    EXPECT_THAT(message({{"WORLD_SIZE", "2"}}), HasSubstr("WORLD_SIZE is set in the environment and RANK is not"));
    EXPECT_THAT(message({{"WORLD_SIZE", "two"}}), HasSubstr("Invalid WORLD_SIZE 'two'"));
    EXPECT_THAT(message({{"WORLD_SIZE", "2"}, {"RANK", "2"}, {"MASTER_PORT", "29500"}}),
                HasSubstr("Invalid rank 2 (RANK): the ranks of 2 processes go from 0 to 1"));
    EXPECT_THAT(message({{"WORLD_SIZE", "2"}, {"RANK", "0"}, {"MASTER_PORT", "70000"}}),
                HasSubstr("Invalid port 70000 (MASTER_PORT)"));
    EXPECT_THAT(message({{"WORLD_SIZE", "2"}, {"RANK", "0"}, {"MASTER_PORT", "29500"}, {"EMBARK_TIMEOUT", "-1"}}),
                HasSubstr("Invalid EMBARK_TIMEOUT '-1'"));
}

TEST(ProcessGroup, a_process_that_does_not_come_is_named) {
    const TemporaryFolder folder;
    const auto result = run_ranks("meet", 1, folder.path(),
                                  {{"WORLD_SIZE", "3"},
                                   {"RANK", "0"},
                                   {"MASTER_ADDR", "127.0.0.1"},
                                   {"MASTER_PORT", std::to_string(testing::free_port())},
                                   {"EMBARK_TIMEOUT", "2"}})
                            .front();
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.output, HasSubstr("Not all of 3 processes came within 2 s: rank 1, 2 did not"));
}

TEST(ProcessGroup, a_port_that_is_taken_is_named) {
    const int taken = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    socklen_t length = sizeof address;
    ASSERT_EQ(bind(taken, reinterpret_cast<sockaddr*>(&address), length), 0);
    ASSERT_EQ(listen(taken, 1), 0);
    ASSERT_EQ(getsockname(taken, reinterpret_cast<sockaddr*>(&address), &length), 0);
    const std::string port = std::to_string(ntohs(address.sin6_port));
    const TemporaryFolder folder;
    const auto result =
        run_ranks("meet", 1, folder.path(), {{"WORLD_SIZE", "2"}, {"RANK", "0"}, {"MASTER_PORT", port}}).front();
    close(taken);
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.output, HasSubstr("Rank 0 cannot listen at port " + port + ", which another program has"));
}

/// Exchanges until the last rank does `what`.
void exchange_until(const std::function<void()>& what) {
    const auto group = the_processes();
    for (int i = 0; i < 1'000'000; ++i) {
        if (i == 20 && group->rank() == group->size() - 1) what();
        group->barrier();
    }
}
const RegisterScenario dies("dies", [](const std::filesystem::path&) { exchange_until([] { raise(SIGKILL); }); });
const RegisterScenario hangs("hangs", [](const std::filesystem::path&) {
    exchange_until([] {
        std::this_thread::sleep_for(12s);
        _exit(7);
    });
});
const RegisterScenario main_process_dies("main_process_dies", [](const std::filesystem::path&) {
    const auto group = the_processes();
    for (int i = 0;; ++i) {
        if (i == 20 && group->rank() == 0) raise(SIGKILL);
        group->barrier();
    }
});

TEST(ProcessGroup, a_process_that_dies_is_named_by_all_others_at_once) {
    const TemporaryFolder folder;
    const auto started = std::chrono::steady_clock::now();
    const auto results = run_ranks("dies", 4, folder.path());
    EXPECT_LT(std::chrono::steady_clock::now() - started, 30s);
    for (size_t rank = 0; rank < 3; ++rank) {
        EXPECT_EQ(results[rank].code, 1);
        EXPECT_THAT(results[rank].output, HasSubstr("rank 3 is gone")) << rank;
    }
    EXPECT_EQ(results[3].code, 128 + SIGKILL);
}

TEST(ProcessGroup, a_leader_that_dies_is_named) {
    const TemporaryFolder folder;
    const auto results = run_ranks("main_process_dies", 2, folder.path());
    EXPECT_EQ(results[1].code, 1);
    EXPECT_THAT(results[1].output, HasSubstr("rank 0 is gone"));
}

TEST(ProcessGroup, a_process_that_hangs_is_named_within_the_timeout) {
    const TemporaryFolder folder;
    const auto results = run_ranks("hangs", 2, folder.path(), {{"EMBARK_TIMEOUT", "3"}});
    EXPECT_EQ(results[0].code, 1);
    EXPECT_THAT(results[0].output, HasSubstr("rank 1 lives and hangs: it is at exchange 20 where rank 0 is at 21"));
}

}  // namespace process_group_test
}  // namespace embark
