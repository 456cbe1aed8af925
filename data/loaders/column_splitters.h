#pragma once

#include <cstdint>
#include <string>

#include "splitters.h"

namespace embark {

// Splitters that look at what a column's values have to do with one another: shares, times, groups.

/// Rows drawn at random so that each value of `column` has its share of `valid_pct`: that share rounded down, and one
/// row more where most was cut off, until there are int(valid_pct · rows). A value of one row goes to training, and
/// every other keeps a row there, even if the validation part stays smaller so; missing values count as one value.
/// Throws UsageError unless 0 < valid_pct < 1; the splitter throws Error where no row is for validation.
Splitter stratified_splitter(std::string column, double valid_pct = 0.2, uint64_t seed = 42);

/// The latest rows are for validation. `column` has dates (as date_parts reads them, also of `date_format` where there
/// is one) or numbers. Of rows that are equally late all are on one side, the one that brings the number for validation
/// nearer to valid_pct · rows; both sides have a row. Throws UsageError unless 0 < valid_pct < 1; the splitter throws
/// Error for a value that is missing or neither date nor number, with file, row and column, and where all rows are
/// equally late.
Splitter time_splitter(std::string column, double valid_pct = 0.2, std::string date_format = {});

/// Of each user the latest row is for validation, of several that are equally late the last one in the table; users
/// with one row are for training. `time_column` is as in time_splitter. The splitter throws Error for a time that is
/// missing or neither date nor number, with file, row and column, and where no user has two rows.
Splitter leave_last_out_splitter(std::string user_column, std::string time_column, std::string date_format = {});

/// Groups of rows, those with the same value of `column`, are drawn at random for validation as long as they fit into
/// valid_pct · rows, and one more where that comes nearer: no group is on both sides, and both have one. Missing values
/// count as one group. Throws UsageError unless 0 < valid_pct < 1; the splitter throws Error where there are not two
/// groups.
Splitter group_splitter(std::string column, double valid_pct = 0.2, uint64_t seed = 42);

}  // namespace embark
