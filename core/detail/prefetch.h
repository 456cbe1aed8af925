#pragma once

#include <cstdint>

namespace embark {

/// How many rows ahead memory is asked for: those of a large table lie far apart.
constexpr int64_t kRowsAhead = 16;

/// Asks the processor for row `row` of `table`, `width` numbers, so that it is there when it is worked on.
inline void prefetch_row(const float* table, int64_t row, int64_t width) {
    for (int64_t j = 0; j < width; j += 16) __builtin_prefetch(table + row * width + j);
}

}  // namespace embark
