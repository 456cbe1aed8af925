#pragma once

#include <cstdint>
#include <string>

namespace embark {

/// Which of the processes that train together this one is, and where they meet.
struct ProcessGroupOptions {
    /// This process, from 0. Rank 0 is the main process: it prints, logs and saves for all.
    int64_t rank = 0;
    int64_t size = 1;  ///< how many processes there are
    /// Where the processes meet: a name or address of rank 0's machine.
    std::string address = "127.0.0.1";
    int64_t port = 29500;  ///< a free port there
    /// The network interface to exchange data through, as "eth0"; empty: the one that leads to `address`.
    std::string interface = {};
    /// Seconds that this process waits for the others, at the start and in every exchange.
    double timeout = 300;
    /// Whether a launcher already listens at address and port; otherwise rank 0 does.
    bool launcher_listens = false;
    /// Keeps apart groups that meet at one place one after the other.
    std::string name = "0";
};

/// What torchrun and other launchers put in the environment: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT and torchrun's
/// own; with EMBARK_TIMEOUT, seconds, and GLOO_SOCKET_IFNAME, an interface. One process where WORLD_SIZE is not set.
/// Throws UsageError for values that cannot be right, and where one of them is missing.
ProcessGroupOptions launch_environment();

/// Throws UsageError for options that cannot be right.
void check(const ProcessGroupOptions& options);

}  // namespace embark
