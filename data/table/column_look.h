#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "table.h"

namespace embark {

/// What the values of a column look like, all of them.
struct ColumnLook {
    /// What they are taken for; Table::type.
    ColumnType type = ColumnType::text;
    int64_t rows = 0;  ///< rows of the column
    /// Rows without a value, words for a missing one included.
    int64_t missing = 0;
    /// Different values, missing ones apart; 0 in a column of lists or structures.
    int64_t distinct = 0;
    /// The words that were taken for a missing value, and in how many rows. Those of a whole file as it was read; a
    /// table of some of its rows does not know them any more, but for columns of numbers, true/false and dates.
    std::map<std::string, int64_t> missing_words = {};
    /// Rows of a column of numbers or dates whose value is not one; at most 5 % of those that have a value.
    int64_t odd = 0;
    /// Rows of a column of text that are codes (007, or an integer beyond 64 bits) where at least 95 % of those that
    /// have a value are numbers; 0 where they are more.
    int64_t codes = 0;
    /// The first of the odd rows or of those of codes, counted from 0.
    std::optional<int64_t> first_odd_row = {};
    std::string first_odd = {};  ///< its value
    /// A column of text that would be one of numbers if more were said of how they are written: the options to give, as
    /// `--thousands ','`. Empty: nothing would.
    std::string offer = {};
    std::optional<int64_t> offer_row = {};  ///< the first row whose value needs them, counted from 0
    std::string offer_example = {};         ///< that value
};

/// Looks at every value of a column of `table`. Throws Error for a name that is not there.
ColumnLook look_at(const Table& table, std::string_view column);

/// Throws Error where the looks of a column do not settle what it is: numbers with odd values among them, or text that
/// could be numbers. It names file, row, column and value, and what to say; `instead` is what makes the column one of
/// categories, as "--cat age".
void require_settled(const Table& table, std::string_view column, const ColumnLook& look, std::string_view instead);

}  // namespace embark
