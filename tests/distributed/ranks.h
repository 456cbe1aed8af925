#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace embark::testing {

/// What several processes do, each started with the environment of its rank; `folder` is the test's.
using Scenario = std::function<void(const std::filesystem::path& folder)>;

/// Makes a scenario known by its name.
struct RegisterScenario {
    RegisterScenario(const std::string& name, Scenario scenario);
};

/// How a process ended: its exit code (128 + signal where one ended it), and what it wrote to standard error.
struct RankResult {
    int code = 0;
    std::string output;
};

/// Runs `scenario` in `size` processes of this program, by rank. `environment` is added to each one's.
std::vector<RankResult> run_ranks(const std::string& scenario, int64_t size, const std::filesystem::path& folder,
                                  const std::map<std::string, std::string>& environment = {});

/// The same where all must succeed.
void run_ranks_well(const std::string& scenario, int64_t size, const std::filesystem::path& folder,
                    const std::map<std::string, std::string>& environment = {});

/// A port on which nobody listens.
int free_port();

}  // namespace embark::testing
