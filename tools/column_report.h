#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include <embark/data/tabular/column_summary.h>

namespace embark::tools {

/// [{"name": …, "kind": …, "distinct": …, "missing": …, "reason": …}, …]; what was not counted is null.
nlohmann::json columns_report(const std::vector<ColumnSummary>& columns);

/// Says on standard error what the columns are taken for.
void show_columns(const std::vector<ColumnSummary>& columns);

}  // namespace embark::tools
