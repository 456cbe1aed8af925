#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/api.h>
#include <arrow/csv/api.h>

#include "csv_stream.h"

namespace embark {

/// A CSV file, and how its bytes are to be read.
struct CsvFile {
    std::filesystem::path path;
    char delimiter = ',';
    bool latin_1 = false;
    /// The first row holds the names of the columns.
    bool has_header = true;
    /// Words that stand for a missing value.
    std::vector<std::string> missing_values = {};
    /// Columns, found out from the first row.
    int n_columns = 0;
    /// Positions of the columns to keep, in their order.
    std::vector<int> kept = {};
    /// Their names.
    std::vector<std::string> names = {};
    /// Of those, found out from the first rows: whether values come again and again, so that they are kept as coded
    /// text.
    std::vector<bool> coded = {};
    /// About how many rows, judged by the size of the first ones.
    int64_t expected_rows = 0;
};

/// How one pass over a CSV file is made.
struct CsvPass {
    bool threads = true;
    /// utf8 values, checked; otherwise raw bytes.
    bool text = true;
    int32_t block_size = 1 << 20;
    arrow::csv::InvalidRowHandler on_invalid_row = {};
};

/// What counts as a space around a value.
inline constexpr std::string_view kCsvSpaces = " \t\r\n\v\f";

/// One row of this value in every column is put after the end of a file while it is read. A quote that is never closed
/// swallows it: Arrow itself takes the end of the file for the end of such a value and says nothing.
std::string csv_end_mark(const CsvFile& file);

/// What the first rows of a file tell.
struct CsvPreview {
    /// The values of the first row, as bytes.
    std::vector<std::string> first_row;
    /// All columns of the first rows, as bytes.
    arrow::ArrayVector columns;
    /// How many rows the file has, as far as these tell.
    int64_t expected_rows = 0;
};

/// Throws Error for a file without any row.
CsvPreview read_csv_beginning(const CsvFile& file);

/// Whether values stand twice or more each on average in a column of `n_rows` rows of which `first_rows`, bytes, are
/// the first: as codes they take less memory, and are compared faster. How many distinct ones there are is estimated
/// by those that stand once and those that stand twice here (Chao, "Nonparametric estimation of the number of classes
/// in a population", 1984).
bool is_repetitive(const arrow::Array& first_rows, int64_t n_rows);

/// Gives all rows of the kept columns to `take`, batch by batch, the first row and the row of end marks included,
/// missing values told apart.
arrow::Status parse_csv(const CsvFile& file, const CsvPass& pass, std::shared_ptr<CsvStreamLog> log,
                        const std::function<void(std::shared_ptr<arrow::RecordBatch>)>& take);

/// The last value of a column of bytes or text of one row at least; empty where it is missing.
std::string_view last_csv_value(const arrow::Array& column);

/// Whether the last row of `batch` is one of these end marks.
bool is_csv_end(const arrow::RecordBatch& batch, std::string_view end_mark);

/// Whether `status` says that a value is longer than a block.
bool is_block_overrun(const arrow::Status& status);

/// Throws the Error that says why `file` cannot be read, where `status` is Arrow's reason: reads it again to find the
/// row.
[[noreturn]] void explain_csv_failure(const CsvFile& file, const arrow::Status& status);

/// Large enough for any value, and for what follows a quote that is never closed.
constexpr int32_t kLargeCsvBlock = 1 << 29;

}  // namespace embark
