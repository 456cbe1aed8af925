#pragma once

#include <string>
#include <vector>

#include "../tabular.h"
#include "date_columns.h"

namespace embark {

/// Throws UsageError for settings that can never be right.
void check(const TabularOptions& options);

bool has_name(const std::vector<std::string>& names, const std::string& name);

/// What a column is taken for, as far as the options say it.
enum class ColumnUse {
    categorical,  ///< a category, a class or a date
    continuous,   ///< also texts: no value of theirs is a category
    by_values,    ///< what its values look like
};
struct ColumnRole {
    ColumnUse use = ColumnUse::by_values;
    /// By values: integers of at most so many values are categories.
    int64_t max_integers = 0;
};
ColumnRole role_of(const std::string& name, const TabularOptions& options);

/// Whether a column of `role` has categories, or classes where it is a target.
bool is_categorical(const Table& table, const std::string& name, const ColumnRole& role);

/// `options` with the names of columns filled in, the parts of dates among them. Throws UsageError where no target is
/// named or one column is named for two ends, Error for a column that `table` does not have and where nothing is left
/// to predict from.
TabularOptions with_columns(const Table& table, TabularOptions options);

}  // namespace embark
