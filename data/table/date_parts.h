#pragma once

#include <string>

#include "../../predictor/date_parts.h"
#include "table.h"

namespace embark {

/// `table` with the parts of the dates in `column` as columns of their own, put last (or replaced, where the name
/// exists): fastai's add_datepart. The flags are booleans, the other parts integers; a missing date has missing parts.
/// Dates are texts as date_parts reads them, or Arrow's dates and timestamps, those with a time zone taken in UTC.
/// Throws Error for any other value, with file, row and column.
Table add_datepart(const Table& table, const std::string& column, const DatePartOptions& options = {});

}  // namespace embark
