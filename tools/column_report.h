#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include <embark/core/warning.h>
#include <embark/data/tabular/column_summary.h>

namespace embark::tools {

/// [{"name": …, "kind": …, "distinct": …, "missing": …, "reason": …}, …]; what was not counted is null.
nlohmann::json columns_report(const std::vector<ColumnSummary>& columns);

/// Says on standard error what the columns are taken for.
void show_columns(const std::vector<ColumnSummary>& columns);

/// [{"code": …, "message": …}, …]
nlohmann::json warnings_report(const std::vector<Warning>& warnings);

/// Says each on standard error, in a line of its own.
void show_warnings(const std::vector<Warning>& warnings);

}  // namespace embark::tools
