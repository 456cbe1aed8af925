#pragma once

namespace embark {

/// An interval of numbers, empty by default: `.y_range = {0, 5.5}`.
struct Range {
    double low = 0;
    double high = 0;

    /// True where no interval was given.
    bool empty() const { return low == 0 && high == 0; }
};

}  // namespace embark
