#include "csv_failure.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "../../../core/text.h"
#include "../../table/detail/arrow_utils.h"

namespace embark {

namespace {

/// A row with another number of columns than the first row. Rows are counted from 0, with the header.
struct RaggedRow {
    int64_t row = 0;
    int32_t columns = 0;
    bool unclosed = false;
};

/// A value that is not UTF-8.
struct BadText {
    int64_t row = 0;
    size_t column = 0;  // among those that are kept
};

/// What the second reading of a file found.
struct Finding {
    arrow::Status status;
    std::optional<RaggedRow> ragged;
    std::optional<BadText> bad_text;
    /// The last rows that were no other lengths.
    std::shared_ptr<arrow::RecordBatch> last;
    /// Rows, those of other lengths left out.
    int64_t whole_rows = 0;
    int64_t skipped = 0;
    /// Lines of the file, without those that a quote that is never closed swallowed.
    int64_t lines = 0;
    /// Why a row has no end, where one has none.
    std::string endless = {};
    /// Whether it ends in the sentinel row.
    bool ended = false;
    int64_t rows() const { return whole_rows + skipped - (ended ? 1 : 0); }
};

/// "u.data, row 3 (line 4)" for row `row` of the file, counted from 0 with the header.
std::string place_of(const CsvFile& file, const Finding& found, int64_t row) {
    const std::string name = file.name;
    if (file.has_header && row == 0) return name + ", header";
    if (!file.has_header) return concat(name, ", row ", row + 1);
    // Only where every line is a row are the numbers of lines known.
    return concat(name, ", row ", row, found.lines == found.rows() ? concat(" (line ", row + 1, ")") : "");
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

/// The first value, row by row, that is not UTF-8.
std::optional<BadText> find_bad_text(const CsvFile& file, const arrow::RecordBatch& rows) {
    std::optional<BadText> bad;
    for (size_t i = 0; i < file.kept.size(); ++i) {
        const auto& values = static_cast<const arrow::BinaryArray&>(*rows.column(file.kept[i]));
        for (int64_t row = 0, n = bad ? bad->row : values.length(); row < n; ++row) {
            if (values.IsNull(row) || is_utf8(values.GetView(row))) continue;
            bad = BadText{row, i};
            break;
        }
    }
    return bad;
}

/// Lines that the value of a quote without end took besides its own. It ends in the sentinel row, which is no line
/// of the file.
int64_t swallowed_lines(std::string_view text, std::string_view sentinel) {
    const size_t mark = text.find(sentinel);
    if (mark == std::string_view::npos) return 0;
    return std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(mark), '\n') - 1;
}

bool is_sentinel(const arrow::RecordBatch& rows, std::string_view sentinel) {
    return std::all_of(rows.columns().begin(), rows.columns().end(),
                       [&](const auto& column) { return last_csv_value(*column) == sentinel; });
}

Finding examine(const CsvFile& file, int32_t block_size) {
    const std::string sentinel = csv_sentinel(file);
    Finding found;
    int64_t swallowed = 0;
    const auto skip = [&](const arrow::csv::InvalidRow& row) {
        const bool unclosed = row.text.find(sentinel) != std::string_view::npos;
        if (!found.ragged) found.ragged = RaggedRow{row.number - 1, row.actual_columns, unclosed};
        swallowed += swallowed_lines(row.text, sentinel);
        ++found.skipped;
    };
    const auto log = std::make_shared<CsvStreamLog>();
    found.status = scan_csv(file, block_size, log, skip, [&](std::shared_ptr<arrow::RecordBatch> rows) {
        if (!found.bad_text) {
            found.bad_text = find_bad_text(file, *rows);
            if (found.bad_text) found.bad_text->row += found.whole_rows;
        }
        found.whole_rows += rows->num_rows();
        found.last = std::move(rows);
    });
    require_text(file, *log);
    found.endless = endless_row(*log);
    if (!found.last) return found;
    found.ended = is_sentinel(*found.last, sentinel);
    if (!found.ended) swallowed += swallowed_lines(last_csv_value(*found.last->columns().back()), sentinel);
    found.lines = log->lines - swallowed;
    return found;
}

}  // namespace

void explain_csv_failure(const CsvFile& file, const arrow::Status& status) {
    Finding found = examine(file, kCsvBlock);
    // Rows of any length and bytes of any kind are taken, so that nothing can be invalid but a row without an end.
    const bool overrun = found.status.IsInvalid();
    if (overrun) found = examine(file, kLargeCsvBlock);
    if (found.status.IsInvalid()) fail("Cannot read ", file.name, " as CSV: ", found.endless);
    require_arrow(found.status, "Cannot read ", file.name, " as CSV");
    if (found.ragged) fail_ragged(file, found);
    if (!found.ended) fail_unclosed(place_of(file, found, found.whole_rows - 1));
    if (found.bad_text) {
        fail(place_of(file, found, found.bad_text->row), ", column '", file.names[found.bad_text->column],
             "': the value is not UTF-8; if the file is Latin-1, read it with the encoding latin-1 ",
             "(--encoding latin-1)");
    }
    if (!overrun) fail("Cannot read ", file.name, " as CSV: ", reason_of(status));
}

}  // namespace embark
