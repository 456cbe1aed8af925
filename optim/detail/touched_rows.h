#pragma once

#include "../../core/detail/prefetch.h"
#include "row_kernels.h"

namespace embark::rows {

/// Asks for what is worked on after row `i` of those that are touched.
inline void ask_ahead(const float* table, const Touched& touched, int64_t i) {
    if (i + kRowsAhead < touched.count) prefetch_row(table, touched.rows[i + kRowsAhead], touched.width);
}

}  // namespace embark::rows
