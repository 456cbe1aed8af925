#pragma once

#include <string>
#include <vector>

#include "../tabular.h"

namespace embark {

/// Throws UsageError for settings that can never be right.
void check(const TabularOptions& options);

std::vector<DateColumn> dates_of(const TabularOptions& options);

/// `table` with the parts of its dates as columns of their own in their place.
Table with_date_parts(Table table, const std::vector<DateColumn>& dates);

/// `options` with the names of columns filled in, the parts of dates among them. Throws UsageError where no target is
/// named or one column is named for two ends, Error for a column that `table` does not have and where nothing is left
/// to predict from.
TabularOptions with_columns(const Table& table, TabularOptions options);

}  // namespace embark
