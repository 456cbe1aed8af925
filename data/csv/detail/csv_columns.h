#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <arrow/api.h>

#include "../../table/detail/text_codes.h"
#include "csv_lines.h"
#include "csv_parse.h"

namespace embark {

/// How the values of a CSV file become a table's.
struct CsvValues {
    bool trim_spaces = false;
    /// Told after spaces are removed.
    std::vector<std::string> missing_values = {};
};

/// The columns of a CSV file that are kept, taken up while it is read: as coded text where values come again and again,
/// so that the whole text of the file never is in memory.
class CsvColumns {
public:
    CsvColumns(const CsvFile& file, CsvValues values);

    /// Makes room for rows, `n_rows` in all.
    void reserve(int64_t n_rows);

    /// The next rows.
    void add(const arrow::RecordBatch& rows);
    /// The same as texts of each column, the words for a missing value among them.
    void add(const std::vector<CsvTexts>& columns);
    /// The rows of `next`, which come after these.
    void append(CsvColumns next);

    std::shared_ptr<arrow::Table> finish() &&;

private:
    using Plain = arrow::ArrayVector;
    using Column = std::variant<TextCoder, Plain>;

    std::shared_ptr<arrow::Array> plain_texts(const CsvTexts& texts) const;
    std::shared_ptr<arrow::ChunkedArray> finish_column(Column& column) const;

    std::vector<std::string> names_;
    CsvValues values_;
    /// All words for a missing value as they stand in the file, the empty one too.
    std::vector<std::string> missing_words_;
    std::vector<Column> columns_;
};

/// The rows of a CSV file between its header and the row of end marks.
class CsvRows {
public:
    CsvRows(const CsvFile& file, CsvValues values);

    /// The next rows, the header among the first and the end marks among the last.
    void add(std::shared_ptr<arrow::RecordBatch> batch);

    /// Whether the row of end marks was the last that was added.
    bool ends_with_mark() const;

    /// The table, once the row of end marks was added.
    std::shared_ptr<arrow::Table> finish() &&;

private:
    bool skip_header_;
    std::string end_mark_;
    CsvColumns columns_;
    /// The latest rows: which are the last is known only when no more come.
    std::shared_ptr<arrow::RecordBatch> latest_;
};

}  // namespace embark
