#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/api.h>
#include <arrow/csv/api.h>

#include "../../table/detail/number_form.h"
#include "csv_stream.h"

namespace embark {

/// A CSV file, and how its bytes are to be read.
struct CsvFile {
    std::shared_ptr<const CsvSource> source;
    /// What messages call it.
    std::string name;
    /// As Arrow sees it, and where that is other than in the file what stands there; see CsvStreamOptions.
    char delimiter = ',';
    std::optional<std::string> separator = {};
    bool latin_1 = false;
    /// The first row holds the names of the columns.
    bool has_header = true;
    /// Words that stand for a missing value, and whether they are the usual ones.
    std::vector<std::string> missing_values = {};
    bool usual_missing_words = true;
    /// Spaces around values are removed.
    bool trim_spaces = false;
    /// How numbers are written in columns that are not text whatever they look like.
    NumberForm form = {};
    std::set<std::string, std::less<>> text_columns = {};
    /// Columns, found out from the first row.
    int n_columns = 0;
    /// Positions of the columns to keep, in their order.
    std::vector<int> kept = {};
    /// Their names.
    std::vector<std::string> names = {};
};

/// Bytes that are parsed at once; every row must fit into two blocks.
constexpr int32_t kCsvBlock = 1 << 20;
/// Large enough for any value, and for what follows a quote that is never closed.
constexpr int32_t kLargeCsvBlock = 1 << 29;

/// One row of this value in every column is put after the end of a file with quotes while it is read. A quote that is
/// never closed swallows it: Arrow itself takes the end of the file for the end of such a value and says nothing.
std::string csv_sentinel(const CsvFile& file);

/// The values of the first row, as bytes. Throws Error for a file without any row.
std::vector<std::string> read_first_csv_row(const CsvFile& file);

/// What an attempt to read all rows gave.
struct CsvRows {
    /// The kept columns as text, without the header and the sentinel row; null where the file cannot be read so.
    std::shared_ptr<arrow::Table> table;
    /// Why not.
    arrow::Status status;
    /// Lines of the file, the header included.
    int64_t lines = 0;
};

/// All rows of the kept columns, empty values as missing ones, on Arrow's threads. Values with line breaks are looked
/// for only where the file has a quote: else blocks can be cut at any line.
CsvRows read_csv_rows(const CsvFile& file, int32_t block_size);

/// Gives all columns of all rows to `take`, batch by batch, as bytes and on one thread: the header and the sentinel row
/// too, rows of other lengths than the first to `skip`.
arrow::Status scan_csv(const CsvFile& file, int32_t block_size, const std::shared_ptr<CsvStreamLog>& log,
                       const std::function<void(const arrow::csv::InvalidRow&)>& skip,
                       const std::function<void(std::shared_ptr<arrow::RecordBatch>)>& take);

/// Throws Error where reading ended at a byte that the text may not have.
void require_text(const CsvFile& file, const CsvStreamLog& log);

/// Why a row did not end within kLargeCsvBlock.
std::string endless_row(const CsvStreamLog& log);

/// The last value of a column of bytes or text of one row at least; empty where it is missing.
std::string_view last_csv_value(const arrow::Array& column);

}  // namespace embark
