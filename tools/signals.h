#pragma once

#include <atomic>
#include <csignal>
#include <stop_token>
#include <thread>

namespace embark::tools {

/// From its construction on, SIGINT and SIGTERM ask for a stop instead of ending the program; a second one ends it at
/// once. Construct it in the main thread, before other threads are made, so that they inherit the blocked signals.
class SignalStop {
public:
    SignalStop();
    ~SignalStop();
    SignalStop(const SignalStop&) = delete;
    SignalStop& operator=(const SignalStop&) = delete;

    std::stop_token token() const { return source_.get_token(); }
    /// The signal that asked for the stop, 0 where none did.
    int signal() const { return signal_; }
    /// What a program that was ended by that signal returns, 130 or 143; the latter where another process was.
    int exit_code() const { return 128 + (signal_ == 0 ? SIGTERM : signal_.load()); }

private:
    void watch(const std::stop_token& ended);

    std::stop_source source_;
    std::atomic<int> signal_ = 0;
    sigset_t watched_{};
    std::jthread watcher_;
};

}  // namespace embark::tools
