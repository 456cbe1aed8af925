#pragma once

#include <cmath>

namespace embark {

/// A target or rating may be as large as this: squares of errors, summed over a batch of thousands of rows, stay numbers
/// of 32 bits then, which end at 3.4e38.
inline constexpr double kLargestTarget = 1e17;

inline bool is_beyond_targets(double value) {
    return std::abs(value) > kLargestTarget;
}

}  // namespace embark
