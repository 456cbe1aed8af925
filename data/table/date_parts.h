#pragma once

#include <cstdint>
#include <string>

#include "../../predictor/date_parts.h"
#include "table.h"

namespace embark {

/// The values of a column that are not dates and not missing either.
struct UnreadableDates {
    int64_t count = 0;  ///< how many values
    /// Where the first stands and what it is: "sales.csv, row 2, column 'sold': 'soon'".
    std::string first = {};
    /// Its value alone, in quotes.
    std::string first_value = {};
};

/// `table` with the parts of the dates in `column` as columns of their own, put last (or replaced, where the name
/// exists): fastai's add_datepart. The flags are booleans, the other parts integers; a missing date has missing parts.
/// Dates are texts as date_parts reads them, or Arrow's dates and timestamps; those with a time zone have the parts
/// that clocks of that zone show, and Elapsed of UTC. Any other value is missing and counted in `unreadable` where it
/// is given, else it is an Error, with file, row and column.
Table add_datepart(const Table& table, const std::string& column, const DatePartOptions& options = {},
                   UnreadableDates* unreadable = nullptr);

}  // namespace embark
