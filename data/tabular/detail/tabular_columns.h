#pragma once

#include <string>
#include <vector>

#include "../tabular.h"

namespace embark {

/// Throws UsageError for settings that can never be right.
void check(const TabularOptions& options);

bool has_name(const std::vector<std::string>& names, const std::string& name);

/// Whether any column to predict from is named.
bool names_inputs(const TabularOptions& options);

/// Whether columns that are not named are found.
bool finds_columns(const TabularOptions& options);

std::vector<DateColumn> dates_of(const TabularOptions& options);

/// `table` with the parts of its dates as columns of their own in their place.
Table with_date_parts(Table table, const std::vector<DateColumn>& dates);

/// Adds the parts of the dates to the categories and the numbers. Throws Error for one that has the name of a column.
void add_date_parts(const Table& table, TabularOptions& options);

}  // namespace embark
