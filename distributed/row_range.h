#pragma once

#include <algorithm>
#include <cstdint>

namespace embark {

/// Rows [begin, end) of a table or of a batch.
struct RowRange {
    int64_t begin = 0;
    int64_t end = 0;
    int64_t size() const { return end - begin; }
};

/// What rank `rank` of `size` has of `rows`: ranges one after the other, as even as can be, the first ranks' one
/// longer.
inline RowRange even_range(int64_t rows, int64_t rank, int64_t size) {
    const int64_t each = rows / size, longer = rows % size;
    const int64_t begin = rank * each + std::min(rank, longer);
    return {begin, begin + each + (rank < longer ? 1 : 0)};
}

}  // namespace embark
