#include "signals.h"

#include <ctime>

#include <unistd.h>

namespace embark::tools {

SignalStop::SignalStop() {
    sigemptyset(&watched_);
    sigaddset(&watched_, SIGINT);
    sigaddset(&watched_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &watched_, nullptr);
    watcher_ = std::jthread([this](const std::stop_token& ended) { watch(ended); });
}

SignalStop::~SignalStop() {
    watcher_.request_stop();
    watcher_.join();
    pthread_sigmask(SIG_UNBLOCK, &watched_, nullptr);
}

void SignalStop::watch(const std::stop_token& ended) {
    // Waiting in a thread, rather than in a handler, allows what a handler may not do: to request a stop.
    constexpr timespec kPoll{.tv_sec = 0, .tv_nsec = 50'000'000};
    while (!ended.stop_requested()) {
        const int signal = sigtimedwait(&watched_, nullptr, &kPoll);
        if (signal <= 0) continue;
        if (signal_ != 0) _exit(128 + signal);
        signal_ = signal;
        source_.request_stop();
    }
}

}  // namespace embark::tools
