#pragma once

namespace embark {

/// An interval of numbers, empty by default: `.y_range = {0, 5.5}`.
struct Range {
    double low = 0;   ///< its lower end
    double high = 0;  ///< its upper end

    /// True where no interval was given.
    bool empty() const { return low == 0 && high == 0; }
};

}  // namespace embark
