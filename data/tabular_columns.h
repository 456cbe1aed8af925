#pragma once

#include <string>
#include <vector>

#include "tabular.h"

namespace embark {

/// `options` with the names of columns filled in. Throws UsageError where no target is named or one column is named for
/// two ends, Error for a column that `table` does not have and where nothing is left to predict from.
TabularOptions with_columns(const Table& table, TabularOptions options);

}  // namespace embark
