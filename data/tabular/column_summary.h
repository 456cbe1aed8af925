#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../../core/warning.h"
#include "../table/table.h"

namespace embark {

/// What a column of a table is taken for.
enum class ColumnKind {
    category,      ///< one of several names, which gets an embedding
    number,        ///< a continuous number
    date,          ///< a date, which becomes its parts
    text,          ///< of any length, read word by word
    target_class,  ///< a target that is one of several classes
    target_value,  ///< a target that is a number
    ignored,       ///< left out
};

/// "category", "number", "date", "text", "class", "value", "ignored".
std::string_view to_string(ColumnKind kind);

/// A column, what it is taken for, and what was found in it.
struct ColumnSummary {
    std::string name;                        ///< of the column
    ColumnKind kind = ColumnKind::category;  ///< what it is taken for
    /// How many different values it has, missing ones apart; nothing where that was not counted.
    std::optional<int64_t> distinct = {}, missing = {};  ///< rows without a value; nothing where that was not counted
    /// Why it is taken for that, where it is not plain, and which words stand for missing values: "integers of 5
    /// values; 3 missing: ?, NA".
    std::string reason = {};
};

/// Counts what is in column `name` of `table`, which is taken for `kind`. Throws Error for a name that is not there.
ColumnSummary summarize(const Table& table, const std::string& name, ColumnKind kind, const std::string& why = {});

/// A line for each column under a line of titles, in columns of equal width.
std::ostream& operator<<(std::ostream& out, const std::vector<ColumnSummary>& columns);

/// What is found in a table before anything is learned of it.
struct TableDescription {
    std::vector<ColumnSummary> columns;  ///< in the table's order
    std::vector<Warning> warnings;       ///< what from_table would warn of, or refuse
};

}  // namespace embark
