#pragma once

#include <string>
#include <vector>

#include "../../../core/warning.h"
#include "../tabular.h"

namespace embark {

/// Whether a column is one of dates by what its values look like, in ISO's form or in `format` where there is one.
bool has_dates(const Table& table, const std::string& name, const std::string& format);

/// Adds the parts of the dates to the categories and numbers of `options`, with names that nothing else has: where the
/// usual ones are taken, by a column of `table` or by another date's part, they begin with the date's whole name, and
/// `options` keep that. Throws UsageError where the options give a prefix whose names are taken.
void add_date_parts(const Table& table, TabularOptions& options);

/// The dates of options to which their parts were added.
std::vector<DateColumn> dates_of(const TabularOptions& options);

/// `table` with the parts of its dates as columns of their own in their place. Values that are not dates are missing,
/// and counted.
Table with_date_parts(Table table, const std::vector<DateColumn>& dates, EncodingCounts* counts = nullptr);

/// The same of a table to train on, with a warning for each date that has such values; where `is_sample`, they are only
/// some of those there are. Throws Error for a date that has nothing else.
struct DatedTable {
    Table table;
    std::vector<Warning> warnings;
};
DatedTable with_dates_to_fit(Table table, const std::vector<DateColumn>& dates, bool is_sample = false);

/// Their messages behind those in `to`.
void add_warnings(std::vector<std::string>& to, const std::vector<Warning>& warnings);

/// The warnings of what was counted in validation rows.
std::vector<Warning> unreadable_in_validation(const EncodingCounts& counts);

}  // namespace embark
