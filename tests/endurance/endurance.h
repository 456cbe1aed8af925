#pragma once

#include <cstdint>

#include <embark/data/table/table.h>

namespace embark::endurance {

/// What the kernel says that this process holds.
struct Held {
    /// Memory that is there, in kilobytes.
    int64_t resident_kb = 0;
    int64_t descriptors = 0;
    int64_t threads = 0;
};
Held held();

/// `n` ratings by 20 users of 10 items, with an age.
Table ratings(int64_t n);

/// Trains, saves, loads and predicts from four threads in turn for so many seconds, and throws Error where what is held
/// grows meanwhile.
void soak(double seconds);

}  // namespace embark::endurance
