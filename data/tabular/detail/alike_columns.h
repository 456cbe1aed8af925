#pragma once

#include <vector>

#include "../column_summary.h"

namespace embark {

/// Warns of inputs that say just what a target says ("same_as_target"), and of columns that pandas or a spreadsheet
/// repeated under another name ("repeated_column").
void warn_of_alike_columns(const Table& table, const std::vector<ColumnSummary>& columns,
                           std::vector<Warning>& warnings);

}  // namespace embark
