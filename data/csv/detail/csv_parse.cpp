#include "csv_parse.h"

#include <algorithm>
#include <utility>

#include "../../table/detail/arrow_utils.h"

namespace embark {

namespace {

using arrow::csv::ConvertOptions;
using arrow::csv::InvalidRow;
using arrow::csv::InvalidRowResult;
using arrow::csv::ParseOptions;
using arrow::csv::ReadOptions;

/// Arrow's name for column `position` of a file whose columns it names itself.
std::string arrow_name(int position) {
    return concat("f", position);
}

ReadOptions read_options(int32_t block_size, bool threads) {
    ReadOptions options = ReadOptions::Defaults();
    options.use_threads = threads;
    options.block_size = block_size;
    options.autogenerate_column_names = true;
    return options;
}

ParseOptions parse_options(const CsvFile& file, bool quotes) {
    ParseOptions options = ParseOptions::Defaults();
    options.delimiter = file.delimiter;
    options.quoting = quotes;
    options.newlines_in_values = quotes;
    return options;
}

/// Of the kept columns as checked text.
ConvertOptions text_options(const CsvFile& file) {
    ConvertOptions options = ConvertOptions::Defaults();
    options.default_column_type = arrow::utf8();
    options.strings_can_be_null = true;
    options.null_values = {""};
    for (const int position : file.kept) options.include_columns.push_back(arrow_name(position));
    return options;
}

/// Of all columns as bytes, with nothing checked.
ConvertOptions byte_options() {
    ConvertOptions options = ConvertOptions::Defaults();
    options.default_column_type = arrow::binary();
    options.strings_can_be_null = true;
    options.null_values = {""};
    return options;
}

CsvStreamOptions stream_options(const CsvFile& file, std::string tail, bool refuse_quotes = false) {
    return {.latin_1 = file.latin_1,
            .separator = file.separator,
            .tail = std::move(tail),
            .refuse_quotes = refuse_quotes};
}

std::string sentinel_row(const CsvFile& file) {
    std::string row = csv_sentinel(file);
    for (int i = 1; i < file.n_columns; ++i) row += file.delimiter + csv_sentinel(file);
    return row + "\n";
}

bool ends_with_sentinel(const CsvFile& file, const arrow::Table& rows) {
    const std::string sentinel = csv_sentinel(file);
    return rows.num_rows() > 0 && std::all_of(rows.columns().begin(), rows.columns().end(), [&](const auto& column) {
               const auto& chunks = column->chunks();
               const auto last = std::find_if(chunks.rbegin(), chunks.rend(), [](auto& c) { return c->length() > 0; });
               return last_csv_value(**last) == sentinel;
           });
}

/// As read_csv_rows, with or without quotes; fails where `file` has a quote and may have none.
CsvRows parse_rows(const CsvFile& file, int32_t block_size, bool quotes, const std::shared_ptr<CsvStreamLog>& log) {
    const auto stream = open_csv_stream(
        *file.source, stream_options(file, quotes ? sentinel_row(file) : "", /*refuse_quotes=*/!quotes), log);
    auto table = arrow::csv::TableReader::Make(arrow::io::default_io_context(), stream,
                                               read_options(block_size, /*threads=*/true), parse_options(file, quotes),
                                               text_options(file));
    auto rows = table.ok() ? (*table)->Read() : table.status();
    if (!rows.ok()) return {.table = nullptr, .status = rows.status()};
    if (quotes && !ends_with_sentinel(file, **rows)) {
        return {.table = nullptr, .status = arrow::Status::Invalid("a quote is opened and never closed")};
    }
    const int64_t header_rows = file.has_header ? 1 : 0;
    const int64_t n_rows = (*rows)->num_rows() - header_rows - (quotes ? 1 : 0);
    return {.table = (*rows)->Slice(header_rows, n_rows), .status = {}, .lines = log->lines};
}

}  // namespace

std::string csv_sentinel(const CsvFile& file) {
    std::string sentinel = "\x1e embark: end of file \x1e";
    std::erase(sentinel, file.delimiter);
    return sentinel;
}

std::vector<std::string> read_first_csv_row(const CsvFile& file) {
    const std::string name = file.name, sentinel = csv_sentinel(file);
    std::shared_ptr<CsvStreamLog> log;
    for (const int32_t block_size : {kCsvBlock, kLargeCsvBlock}) {
        log = std::make_shared<CsvStreamLog>();
        ParseOptions parse = parse_options(file, /*quotes=*/true);
        // Rows of other lengths than the first are found out later, when all are read.
        parse.invalid_row_handler = [](const InvalidRow&) { return InvalidRowResult::Skip; };
        auto rows = arrow::csv::StreamingReader::Make(
            arrow::io::default_io_context(), open_csv_stream(*file.source, stream_options(file, sentinel + "\n"), log),
            read_options(block_size, /*threads=*/false), parse, byte_options());
        require_text(file, *log);
        if (rows.status().IsInvalid()) continue;
        const auto batch =
            arrow_value(arrow_value(std::move(rows), "Cannot read ", name)->Next(), "Cannot read ", name);
        std::vector<std::string> first_row;
        for (const auto& column : batch->columns()) {
            const auto& bytes = static_cast<const arrow::BinaryArray&>(*column);
            first_row.emplace_back(bytes.IsNull(0) ? std::string_view{} : bytes.GetView(0));
        }
        require(first_row.front() != sentinel, "Cannot read ", name, " as CSV: it is empty");
        if (first_row.back().find(sentinel) == std::string::npos) return first_row;
        break;
    }
    fail(name, file.has_header ? ", header" : ", row 1", ": ", endless_row(*log));
}

std::string endless_row(const CsvStreamLog& log) {
    return log.quoted ? "a quote is opened and never closed" : concat("the row is longer than ", kLargeCsvBlock >> 20, " MiB");
}

CsvRows read_csv_rows(const CsvFile& file, int32_t block_size) {
    auto log = std::make_shared<CsvStreamLog>();
    CsvRows rows = parse_rows(file, block_size, /*quotes=*/false, log);
    if (log->quoted && log->nul_line == 0 && log->separator_line == 0) {
        log = std::make_shared<CsvStreamLog>();
        rows = parse_rows(file, block_size, /*quotes=*/true, log);
    }
    require_text(file, *log);
    return rows;
}

arrow::Status scan_csv(const CsvFile& file, int32_t block_size, const std::shared_ptr<CsvStreamLog>& log,
                       const std::function<void(const InvalidRow&)>& skip,
                       const std::function<void(std::shared_ptr<arrow::RecordBatch>)>& take) {
    ParseOptions parse = parse_options(file, /*quotes=*/true);
    parse.invalid_row_handler = [&](const InvalidRow& row) {
        skip(row);
        return InvalidRowResult::Skip;
    };
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::csv::StreamingReader::Make(
                                           arrow::io::default_io_context(),
                                           open_csv_stream(*file.source, stream_options(file, sentinel_row(file)), log),
                                           read_options(block_size, /*threads=*/false), parse, byte_options()));
    while (true) {
        ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
        if (!batch) return arrow::Status::OK();
        if (batch->num_rows() > 0) take(std::move(batch));
    }
}

void require_text(const CsvFile& file, const CsvStreamLog& log) {
    if (log.nul_line > 0) {
        fail("Cannot read ", file.name, " as CSV: line ", log.nul_line,
             " has a NUL byte, which no text has; is the file binary, or UTF-16?");
    }
    if (log.separator_line == 0) return;
    fail("Cannot read ", file.name, " as CSV: line ", log.separator_line, " has the control character U+001F, which ",
         "no value may have where the delimiter is more than one character");
}

std::string_view last_csv_value(const arrow::Array& column) {
    const auto& values = static_cast<const arrow::BinaryArray&>(column);
    return values.IsNull(values.length() - 1) ? std::string_view{} : values.GetView(values.length() - 1);
}

}  // namespace embark
