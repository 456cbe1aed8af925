#pragma once

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <ATen/core/Tensor.h>

namespace arrow {
class ChunkedArray;
class Table;
}  // namespace arrow

namespace embark {

/// How the values of a column read. A column keeps its values as they were written; its type says what they all can be
/// taken for.
enum class ColumnType {
    integer,  ///< 7, without a point
    number,   ///< 7 or 7.5
    boolean,  ///< true or false
    text,     ///< anything
    date      ///< a day, or a day and a time
};

/// "integer", "number", …
std::string_view to_string(ColumnType type);

/// A column by its name or by its position, counted from 0.
using ColumnRef = std::variant<int, std::string>;

/// How to join two tables.
enum class JoinHow {
    left,   ///< every row of the left table; missing values where the right one has no such key
    inner,  ///< only the left rows whose key the right table has
};

/// Columns of equal length with names: an Arrow table with the few operations that training needs. A Table is an
/// immutable value: every operation returns a new one, columns are shared, copying costs nothing. Safe to read from
/// several threads.
///
/// A table read from CSV keeps every value as the text that stood in the file, so that ids stay what they were ("007",
/// "7" and "7.0" are three ids); numbers are converted where they are asked for. Where values come again and again
/// the text is a dictionary's, as numbers into it. The type of a column is found out on demand. Tables read from
/// Parquet have the types of the file.
class Table {
public:
    /// Takes over an Arrow table.
    explicit Table(std::shared_ptr<arrow::Table> table, std::string source = {});

    /// A table of text columns, for tests and small examples: {{"user", {"a", "b"}}, {"rating", {"1", "2"}}}. An empty
    /// text is a missing value.
    static Table from_text(const std::vector<std::pair<std::string, std::vector<std::string>>>& columns);

    /// A table of `rows` rows without columns, to add columns to.
    static Table of_rows(int64_t rows);

    /// How many rows there are.
    int64_t rows() const;
    /// How many columns there are.
    int64_t columns() const;
    /// The columns' names, in their order.
    const std::vector<std::string>& names() const;
    /// Whether there is a column of that name.
    bool has(std::string_view column) const;

    /// Where the table came from, for messages: "u.data", or empty.
    const std::string& source() const;

    /// What the values of `column` are taken for, missing ones apart: boolean where all are true/false (in any case);
    /// integer (plain decimal, fits int64), number or date (2024-01-31, with a time or without) where at least 95 % are
    /// such, since a few others will be mistakes, which whoever reads the numbers is told of; else text. Words such as
    /// NA, ? and nan count as missing here. One integer with leading zeros or beyond int64 makes a column text: as
    /// numbers, two of them could become one. Looks at every value; the answer is not kept. look_at says more.
    ColumnType type(std::string_view column) const;

    /// Only these columns, in this order. Throws Error for an unknown name, and lists the names there are.
    Table select(const std::vector<std::string>& columns) const;

    /// The same table with one column renamed. Throws where `from` is missing or `to` exists already.
    Table rename(std::string_view from, std::string_view to) const;

    /// The rows at `indices` (int64, 1-d, counted from 0), in that order. Throws Error for a row that is not there.
    Table take(const at::Tensor& indices) const;

    /// The rows where `kept` (bool, one a row) is true, in their order: `flats.filter(flats.numbers("price") > 100)`. A
    /// missing number is NaN, which is neither more nor less than any. Throws Error for a tensor of another type or
    /// length.
    Table filter(const at::Tensor& kept) const;

    /// The first `n` rows (fewer where there are fewer).
    Table head(int64_t n = 5) const;

    /// The rows that have a value in each of `columns`; words that stand for none (NA, nan, …) are not one.
    Table drop_missing(const std::vector<std::string>& columns) const;
    /// The same for one column: `flats.drop_missing("price")`. (A template, so that a list in braces is never taken for
    /// it.)
    template <std::convertible_to<std::string> Name>
    Table drop_missing(const Name& column) const {
        return drop_missing(std::vector<std::string>{column});
    }

    /// This table's rows, in their order, with the other columns of `right` found by the values of column `on`, which
    /// both must have. Keys are compared as text; a missing key has no match. Throws where a key stands twice on the
    /// right (names it), or where both have another column of the same name.
    Table join(const Table& right, std::string_view on, JoinHow how = JoinHow::left) const;

    /// This table with a column more (or replaced, where the name exists), of as many values as rows.
    Table with_column(std::string name, const std::vector<std::string>& values) const;
    /// This table with a column more, or replaced, of numbers: `values` has one dimension.
    Table with_column(std::string name, const at::Tensor& values) const;
    /// This table with a column more, or replaced, of values as Arrow holds them.
    Table with_column(std::string name, const std::shared_ptr<arrow::ChunkedArray>& values) const;

    /// The values of `column` as text, as they were written; missing ones as empty texts.
    std::vector<std::string> text(std::string_view column) const;

    /// Whether text() has something to give: not for lists, structures and bytes that are not UTF-8.
    bool has_text(std::string_view column) const;

    /// The values of `column` as a float64 tensor of rows() numbers; missing values are NaN, and so are words such as
    /// NA, null, nan and ? unless CsvOptions::missing_values named others. Spaces around a number don't matter; the
    /// decimal point is a point. Throws Error for the first value that is not a number, with file, row and column.
    at::Tensor numbers(std::string_view column) const;

    /// As numbers(), but a missing value, NaN or infinity is an Error too, with file, row and column.
    at::Tensor finite_numbers(std::string_view column) const;

    /// `columns` side by side as (rows, columns) float32, as a module takes them: `flats.to_tensor({"size", "built"})`.
    /// Throws Error as finite_numbers() does, for a number that float32 cannot hold too, and UsageError without columns.
    at::Tensor to_tensor(const std::vector<std::string>& columns) const;

    /// Where in its file row `row` (counted from 0) stands: "u.data, row 3 (line 4), column 'rating'", counted from 1.
    /// The file's row also in a table whose rows were taken from another; the line is left out where it is the row, or
    /// cannot be known.
    std::string where(int64_t row, std::string_view column) const;

    /// The first `n` rows as aligned text with column names, and where `described` with types and the table's size, as
    /// `std::cout << table` prints them. Long values are cut, with an ellipsis; missing ones are shown as NA.
    std::string view(int64_t n = 5, bool described = true) const;

    /// The column as Arrow holds it. Throws for an unknown name.
    std::shared_ptr<arrow::ChunkedArray> column(std::string_view name) const;
    /// The table as Arrow holds it. Not null.
    const std::shared_ptr<arrow::Table>& arrow() const;

    /// For the readers of files, which know where rows come from, and for what looks at their columns.
    struct Impl;
    /// For the readers of files. `impl` is not null.
    explicit Table(std::shared_ptr<const Impl> impl);
    /// What the table consists of.
    const Impl& impl() const { return *impl_; }

private:
    std::shared_ptr<const Impl> impl_;
};

/// Prints Table::view().
std::ostream& operator<<(std::ostream& out, const Table& table);

}  // namespace embark
