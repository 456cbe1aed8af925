#pragma once

#include <string>
#include <vector>

#include "../../../core/warning.h"
#include "../tabular.h"

namespace embark {

/// Whether the texts of a column are dates, in ISO's form or in `format`; false without a format.
bool has_dates_of(const Table& table, const std::string& name, const std::string& format);

/// Adds the parts of the dates to the categories and numbers of `options`, with names that nothing else has: where the
/// usual ones are taken, by a column of `table` or by another date's part, they begin with the date's whole name, and
/// `options` keep that. Throws UsageError where the options give a prefix whose names are taken, Error where
/// they give a format of dates and the table has no column of dates.
void add_date_parts(const Table& table, TabularOptions& options);

/// The dates of options to which their parts were added.
std::vector<DateColumn> dates_of(const TabularOptions& options);

/// `table` with the parts of its dates as columns of their own in their place. Values that are not dates are missing,
/// and counted.
Table with_date_parts(Table table, const std::vector<DateColumn>& dates, EncodingCounts* counts = nullptr);

/// The same of a table to train on, with a warning for each date that has such values; where `is_sample`, these are rows
/// of a file that is streamed. Throws Error for a date that has nothing else.
struct DatedTable {
    Table table;
    std::vector<Warning> warnings;
};
DatedTable with_dates_to_fit(Table table, const std::vector<DateColumn>& dates, bool is_sample = false);

}  // namespace embark
