#pragma once

#include <cstdint>
#include <filesystem>
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

struct CsvOptions;

/// How the values of a column read. A column keeps its values as they were written; its type says what they all can be
/// taken for.
enum class ColumnType { integer, number, boolean, text, date };

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

    int64_t rows() const;
    int64_t columns() const;
    const std::vector<std::string>& names() const;
    bool has(std::string_view column) const;

    /// Where the table came from, for messages: "u.data", or empty.
    const std::string& source() const;

    /// What the values of `column` can all be taken for, missing ones apart: boolean (true/false in any case), integer
    /// (plain decimal, fits int64), number, ISO date (2024-01-31, with a time or without), else text. Words such as NA
    /// and nan count as missing here. Integers with leading zeros or beyond int64 are text: as numbers, two of them
    /// could become one. Looks at every value; the answer is not kept.
    ColumnType type(std::string_view column) const;

    /// Only these columns, in this order. Throws Error for an unknown name, and lists the names there are.
    Table select(const std::vector<std::string>& columns) const;

    /// The same table with one column renamed. Throws where `from` is missing or `to` exists already.
    Table rename(std::string_view from, std::string_view to) const;

    /// The rows at `indices` (int64, 1-d, counted from 0), in that order. Throws Error for a row that is not there.
    Table take(const at::Tensor& indices) const;

    /// The first `n` rows (fewer where there are fewer).
    Table head(int64_t n = 5) const;

    /// This table's rows, in their order, with the other columns of `right` found by the values of column `on`, which
    /// both must have. Keys are compared as text; a missing key has no match. Throws where a key stands twice on the
    /// right (names it), or where both have another column of the same name.
    Table join(const Table& right, std::string_view on, JoinHow how = JoinHow::left) const;

    /// This table with a column more (or replaced, where the name exists), of as many values as rows.
    Table with_column(std::string name, const std::vector<std::string>& values) const;
    Table with_column(std::string name, const at::Tensor& values) const;
    Table with_column(std::string name, const std::shared_ptr<arrow::ChunkedArray>& values) const;

    /// The values of `column` as text, as they were written; missing ones as empty texts.
    std::vector<std::string> text(std::string_view column) const;

    /// The values of `column` as a float64 tensor of rows() numbers; missing values, and the words NA, N/A, #N/A, NaN,
    /// nan, null, NULL and None, are NaN. Spaces around a number don't matter; the decimal point is a point. Throws
    /// Error for the first value that is not a number, with file, row and column.
    at::Tensor numbers(std::string_view column) const;

    /// As numbers(), but a missing value, NaN or infinity is an Error too, with file, row and column.
    at::Tensor finite_numbers(std::string_view column) const;

    /// Where in its file row `row` (counted from 0) stands: "u.data, row 3 (line 4), column 'rating'", counted from 1.
    /// The file's row also in a table whose rows were taken from another; the line is left out where it is the row, or
    /// cannot be known.
    std::string where(int64_t row, std::string_view column) const;

    /// The first `n` rows as aligned text with column names, and where `described` with types and the table's size, as
    /// `std::cout << table` prints them. Long values are cut, with an ellipsis; missing ones are shown as NA.
    std::string view(int64_t n = 5, bool described = true) const;

    /// The column as Arrow holds it. Throws for an unknown name.
    std::shared_ptr<arrow::ChunkedArray> column(std::string_view name) const;
    const std::shared_ptr<arrow::Table>& arrow() const;

private:
    struct Impl;
    explicit Table(std::shared_ptr<const Impl> impl);
    std::shared_ptr<const Impl> impl_;
    friend class ParquetFiles;
    friend Table read_csv(const std::filesystem::path& path, const CsvOptions& options);
};

std::ostream& operator<<(std::ostream& out, const Table& table);

/// How to read a CSV file. The file may be gzipped, have a UTF-8 byte order mark, quoted values (with line breaks
/// inside) and Windows line ends: that is found out.
struct CsvOptions {
    char delimiter = ',';
    /// "utf-8" or "latin-1".
    std::string encoding = "utf-8";
    /// The columns to keep, by name or position, in this order; empty: all.
    std::vector<ColumnRef> use_columns = {};
    /// The names of a file without a header line. As many as use_columns, where those are given by position: names of
    /// those columns; else names of all columns of the file. Empty: the first line is the header.
    std::vector<std::string> column_names = {};
    /// Columns that are text whatever they look like. (Ids need not be named here: text is kept anyway.)
    std::vector<std::string> text_columns = {};
    /// Words that stand for a missing value in any column. An empty value always does; words such as NA or nan do so
    /// by themselves only in columns of numbers, so that an id may be called NA.
    std::vector<std::string> missing_values = {};
    /// Remove spaces around values and names (", Private" -> "Private"), before missing values are told.
    bool trim_spaces = false;
};

/// Reads a CSV file with Arrow. Throws Error, with file and row where there is one, for: no such file, a folder, an
/// empty file, ragged rows, a quote that is never closed, bytes that are not of the encoding, NUL bytes, a damaged
/// gzip file, a name given twice, unknown use_columns. Empty lines are skipped. A file with a header alone gives a
/// table of no rows. Throws UsageError for an unknown encoding and for a delimiter that cannot be one.
Table read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

/// How to read a Parquet file.
struct ParquetOptions {
    /// The columns to keep, in this order; empty: all.
    std::vector<ColumnRef> use_columns = {};
};

/// Reads a Parquet file with Arrow. Throws Error for anything that is not one.
Table read_parquet(const std::filesystem::path& path, const ParquetOptions& options = {});

/// How to write a Parquet file.
struct WriteParquetOptions {
    /// Rows that are read at once where the file is streamed (see CollabDataLoaders::from_parquet).
    int64_t row_group_rows = 100'000;
};

/// Writes `table` as a Parquet file, whole or not at all. Throws UsageError for row groups of no rows, Error where it
/// cannot be written.
void write_parquet(const std::filesystem::path& path, const Table& table, const WriteParquetOptions& options = {});

/// Writes `table` as CSV text with a header, quoted where needed; missing values are empty.
void write_csv(std::ostream& out, const Table& table, char delimiter = ',');

}  // namespace embark
