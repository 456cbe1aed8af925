#pragma once

#include <cmath>

#include "../../core/error.h"

namespace embark {

// Settings of optimizers, checked: each function gives `value` back, or throws UsageError that names it. Not part of
// the public interface.

inline double at_least_zero(const char* name, double value) {
    require<UsageError>(value >= 0 && std::isfinite(value), "Invalid ", name, " ", value, ": it must be at least 0");
    return value;
}

inline double above_zero(const char* name, double value) {
    require<UsageError>(value > 0 && std::isfinite(value), "Invalid ", name, " ", value, ": it must be above 0");
    return value;
}

/// For what an average keeps of its past: 1 would keep it for ever.
inline double below_one(const char* name, double value) {
    require<UsageError>(value >= 0 && value < 1, "Invalid ", name, " ", value, ": it must be in [0, 1)");
    return value;
}

/// For what says how much of two things is taken.
inline double fraction(const char* name, double value) {
    require<UsageError>(value >= 0 && value <= 1, "Invalid ", name, " ", value, ": it must be in [0, 1]");
    return value;
}

}  // namespace embark
