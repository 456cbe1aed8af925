#pragma once

#include <string>
#include <vector>

#include "../tabular.h"
#include "date_columns.h"

namespace embark {

/// Throws UsageError for settings that can never be right.
void check(const TabularOptions& options);

bool has_name(const std::vector<std::string>& names, const std::string& name);

/// Whether any column to predict from is named.
bool names_inputs(const TabularOptions& options);

/// Whether columns that are not named are found.
bool finds_columns(const TabularOptions& options);

}  // namespace embark
