#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "../tabular.h"

namespace embark {

/// `options` that leave out the column of weights where columns are found. Throws UsageError where it is named as
/// anything else.
TabularOptions without_weight_column(TabularOptions options);

/// The weights of `table`'s rows, (n) float32, undefined where the options name none. Throws Error, with file, row and
/// column, for one that is missing, not finite, or below 0, and where all are 0.
at::Tensor row_weights(const Table& table, const TabularOptions& options);

/// Throws UsageError for what needs all rows at once: weights, counts of categories, several labels a row, and
/// derived numbers.
void require_streamable(const TabularOptions& options);

}  // namespace embark
