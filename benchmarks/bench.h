#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

namespace embark::bench {

/// What every measurement is told.
struct Options {
    /// Folder of the data set that it is about.
    std::filesystem::path data;
    /// Threads of LibTorch's kernels.
    int threads = 1;
    /// How often to repeat a measurement that is taken inside one process.
    int repeats = 25;
    /// Of the split, the weights and the batches, where a measurement trains beside a peer.
    uint64_t seed = 42;
};

/// One measurement: what it found, as one JSON object.
using Measurement = nlohmann::json (*)(const Options& options);

/// How long something took. The time of this process on the processors leaves out what the machine did besides.
struct Seconds {
    double wall = 0;
    double processor = 0;
};

/// The time that `action()` takes.
template <class Action>
Seconds time_of(Action&& action) {
    using Clock = std::chrono::steady_clock;
    const auto started = Clock::now();
    const std::clock_t processor_started = std::clock();
    action();
    const std::clock_t processor = std::clock() - processor_started;
    return {.wall = std::chrono::duration<double>(Clock::now() - started).count(),
            .processor = static_cast<double>(processor) / CLOCKS_PER_SEC};
}

/// The times of two actions that were run in turn.
struct PairedSeconds {
    std::vector<Seconds> first, second;
};

/// Runs two actions in turn, `pairs` times, and times each run. The two of a pair are neighbours in time, and who goes
/// first alternates: what the machine does besides hits both equally, and the ratios of pairs tell small differences.
template <class First, class Second>
PairedSeconds time_in_turn(int pairs, First&& first, Second&& second) {
    PairedSeconds seconds;
    for (int pair = 0; pair < pairs; ++pair) {
        if (pair % 2 == 0) seconds.first.push_back(time_of(first));
        seconds.second.push_back(time_of(second));
        if (pair % 2 == 1) seconds.first.push_back(time_of(first));
    }
    return seconds;
}

}  // namespace embark::bench
