#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "../process_group_options.h"

namespace embark {

/// Tells who is lost when an exchange fails, which Gloo's own errors do not: every process says in the store, twice a
/// second, that it lives and how far it is.
///
/// LibTorch's own means do not do it. A process group's time-outs and broken connections name nobody ("Connection reset
/// by peer [127.0.0.1]:38059"). Its monitored barrier, called by the survivors of a killed process, gave rank 0 that
/// message again and told the others that rank 0 had failed; where rank 0 was killed it named nobody.
class PeerWatch {
public:
    /// Begins to say so, over a connection of its own to the store that is there by now.
    explicit PeerWatch(const ProcessGroupOptions& options);
    ~PeerWatch();
    PeerWatch(const PeerWatch&) = delete;
    PeerWatch& operator=(const PeerWatch&) = delete;

    /// This process has begun exchange number `count`.
    void at_exchange(int64_t count);

    /// What happened to whom, as "rank 2 is gone"; takes some seconds. The first process to find out tells the others,
    /// so that nobody names one that left for the same reason.
    std::string diagnose() const;

    struct State;

private:
    std::shared_ptr<State> state_;
};

}  // namespace embark
