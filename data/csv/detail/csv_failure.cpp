// Why a CSV file cannot be read: Arrow knows the row only in some cases, so the file is read once more, with one thread
// and with nothing checked, and looked at.
#include <algorithm>
#include <optional>
#include <utility>

#include "../../../core/text.h"
#include "../../table/detail/arrow_utils.h"
#include "csv_parse.h"

namespace embark {

namespace {

/// A row with another number of columns than the first row. Rows are counted from 0, with the header.
struct RaggedRow {
    int64_t row = 0;
    int32_t columns = 0;
    bool unclosed = false;
};

/// What the second reading of a file found.
struct Finding {
    std::shared_ptr<arrow::Table> table;
    /// Whether it ends in the row of end marks.
    bool ended = false;
    std::optional<RaggedRow> ragged;
    int64_t rows = 0;
    /// Lines of the file, without those that a quote that is never closed swallowed.
    int64_t lines = 0;
};

/// "u.data, row 3 (line 4)" for row `row` of the file, counted from 0 with the header.
std::string place_of(const CsvFile& file, const Finding& found, int64_t row) {
    const std::string name = file.path.string();
    if (file.has_header && row == 0) return name + ", header";
    if (!file.has_header) return concat(name, ", row ", row + 1);
    // Only where every line is a row are the numbers of lines known.
    return concat(name, ", row ", row, found.lines == found.rows ? concat(" (line ", row + 1, ")") : "");
}

[[noreturn]] void fail_unclosed(const std::string& place) {
    fail(place, ": a quote is opened and never closed");
}

[[noreturn]] void fail_ragged(const CsvFile& file, const Finding& found) {
    const RaggedRow& ragged = *found.ragged;
    const std::string place = place_of(file, found, ragged.row);
    if (ragged.unclosed) fail_unclosed(place);
    fail(place, ": ", ragged.columns, ragged.columns == 1 ? " column" : " columns", " where the ",
         file.has_header ? "header" : "first row", " has ", file.n_columns);
}

/// Throws for the first value, row by row, that is not UTF-8.
void require_utf8(const CsvFile& file, const Finding& found) {
    int64_t bad_row = found.table->num_rows();
    size_t bad_column = 0;
    for (size_t i = 0; i < file.kept.size(); ++i) {
        visit_text(*found.table->column(file.kept[i]), [&](int64_t row, std::optional<std::string_view> value) {
            if (row >= bad_row) return false;
            if (!value || is_utf8(*value)) return true;
            bad_row = row;
            bad_column = i;
            return false;
        });
    }
    if (bad_row == found.table->num_rows()) return;
    fail(place_of(file, found, bad_row), ", column '", file.names[bad_column],
         "': the value is not UTF-8; if the file is Latin-1, read it with the encoding latin-1");
}

/// Lines that the value of a quote without end took besides its own. It ends in the row of end marks, which is no line
/// of the file.
int64_t swallowed_lines(std::string_view text, std::string_view end_mark) {
    const size_t mark = text.find(end_mark);
    if (mark == std::string_view::npos) return 0;
    return std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(mark), '\n') - 1;
}

Finding read_unchecked(CsvFile file) {
    file.kept.clear();  // all
    const std::string end_mark = csv_end_mark(file);
    Finding found;
    int64_t skipped = 0;
    const auto on_invalid_row = [&](const arrow::csv::InvalidRow& row) {
        const bool unclosed = row.text.find(end_mark) != std::string_view::npos;
        if (!found.ragged) found.ragged = RaggedRow{row.number - 1, row.actual_columns, unclosed};
        found.lines -= swallowed_lines(row.text, end_mark);
        ++skipped;
        return arrow::csv::InvalidRowResult::Skip;
    };
    const auto log = std::make_shared<CsvStreamLog>();
    arrow::RecordBatchVector batches;
    const auto status = parse_csv(
        file, {.threads = false, .text = false, .block_size = kLargeCsvBlock, .on_invalid_row = on_invalid_row}, log,
        [&](auto batch) {
            if (batch->num_rows() > 0) batches.push_back(std::move(batch));
        });
    require(log->problem.empty(), log->problem);
    if (is_block_overrun(status)) {
        fail("Cannot read ", file.path.string(), " as CSV: a quote is opened and never closed");
    }
    require_arrow(status, "Cannot read ", file.path.string(), " as CSV");
    found.table = arrow_value(arrow::Table::FromRecordBatches(batches), "Cannot read ", file.path.string(), " as CSV");
    found.ended = is_csv_end(*batches.back(), end_mark);
    found.rows = found.table->num_rows() + skipped - (found.ended ? 1 : 0);
    found.lines += log->lines;
    if (!found.ended) found.lines -= swallowed_lines(last_csv_value(*batches.back()->columns().back()), end_mark);
    return found;
}

}  // namespace

void explain_csv_failure(const CsvFile& file, const arrow::Status& status) {
    const Finding found = read_unchecked(file);
    if (found.ragged) fail_ragged(file, found);
    if (!found.ended) fail_unclosed(place_of(file, found, found.table->num_rows() - 1));
    require_utf8(file, found);
    fail("Cannot read ", file.path.string(), " as CSV: ", reason_of(status));
}

}  // namespace embark
