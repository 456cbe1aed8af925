#pragma once

#include <cstdint>
#include <string_view>

#include <arrow/api.h>

#include "../table.h"

namespace embark {

/// What one value can be taken for.
enum class ValueKind {
    missing_word,  ///< NA and the like, which stand for a missing value among numbers, true/false and dates
    boolean,
    integer,  ///< the one way to write it, within int64
    number,   ///< any other
    code,     ///< digits that would lose what tells them apart if they were read as a number: 007, or beyond int64
    date,
    other,
};

/// `missing_words`: whether words stand for missing values at all. Dates are those of date_parts, also of `date_format`.
ValueKind kind_of(std::string_view text, bool missing_words, std::string_view date_format = {});

/// Whether `some` of `all` values, 95 %, are enough to take the others for mistakes.
bool is_most(int64_t some, int64_t all);

/// Of how many rows the values are what.
struct KindCounts {
    int64_t missing_words = 0, booleans = 0, integers = 0, numbers = 0, codes = 0, dates = 0, others = 0;

    void add(ValueKind kind, int64_t rows);
    /// All but missing ones.
    int64_t values() const { return booleans + integers + numbers + codes + dates + others; }
    /// What at least 95 % of the values are, where none is a code.
    ColumnType type() const;
    /// The values that are not of the type.
    int64_t odd() const;
    /// Whether `values` in all could still be of another type than text, whatever those not yet counted are.
    bool may_be_typed(int64_t values) const;
};

/// Whether a value is of a column of `type`: numbers also of integers.
bool is_of_type(ValueKind kind, ColumnType type);

/// The kinds of the values of a column of utf8 or encoded text; stops where the column is text in any case.
KindCounts count_kinds(const std::shared_ptr<arrow::ChunkedArray>& column, bool missing_words,
                       std::string_view date_format = {});

}  // namespace embark
