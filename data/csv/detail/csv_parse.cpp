#include "csv_parse.h"

#include <algorithm>
#include <utility>

#include <arrow/util/async_generator.h>

#include "../../table/detail/arrow_utils.h"
#include "../../table/detail/text_codes.h"

namespace embark {

namespace {

using arrow::csv::ConvertOptions;
using arrow::csv::ParseOptions;
using arrow::csv::ReadOptions;

constexpr int kBatchesAhead = 8;

/// Arrow's name for column `position` of a file whose columns it names itself.
std::string arrow_name(int position) {
    return concat("f", position);
}

ReadOptions read_options(const CsvPass& pass) {
    ReadOptions options = ReadOptions::Defaults();
    options.use_threads = pass.threads;
    options.block_size = pass.block_size;
    options.autogenerate_column_names = true;
    return options;
}

ParseOptions parse_options(const CsvFile& file, const CsvPass& pass) {
    ParseOptions options = ParseOptions::Defaults();
    options.delimiter = file.delimiter;
    options.newlines_in_values = true;
    options.invalid_row_handler = pass.on_invalid_row;
    return options;
}

ConvertOptions convert_options(const CsvFile& file, const CsvPass& pass,
                               const std::vector<std::string>& missing_values) {
    ConvertOptions options = ConvertOptions::Defaults();
    options.default_column_type = pass.text ? arrow::utf8() : arrow::binary();
    options.strings_can_be_null = true;
    options.null_values = missing_values;
    options.null_values.emplace_back();
    for (const int position : file.kept) options.include_columns.push_back(arrow_name(position));
    return options;
}

/// How many rows the file has if all are as long as the first `rows` in its first `bytes`; a little more, since room
/// for a row too few would have to be made anew for all.
int64_t expected_rows(const CsvFile& file, int64_t rows, int64_t bytes) {
    constexpr double kMargin = 1.02;
    const auto all_bytes = static_cast<double>(std::filesystem::file_size(file.path));
    return static_cast<int64_t>(kMargin * all_bytes * static_cast<double>(rows) /
                                static_cast<double>(std::max<int64_t>(bytes, 1)));
}

/// The row of end marks.
std::string end_row(const CsvFile& file) {
    std::string row;
    for (int i = 0; i < file.n_columns; ++i) {
        if (i > 0) row += file.delimiter;
        row += csv_end_mark(file);
    }
    return row + "\n";
}

arrow::Result<std::shared_ptr<arrow::csv::StreamingReader>> open_reader(const CsvFile& file, const CsvPass& pass,
                                                                        const std::vector<std::string>& missing_values,
                                                                        std::string tail,
                                                                        std::shared_ptr<CsvStreamLog> log) {
    return arrow::csv::StreamingReader::Make(
        arrow::io::default_io_context(), open_csv_stream(file.path, file.latin_1, std::move(tail), std::move(log)),
        read_options(pass), parse_options(file, pass), convert_options(file, pass, missing_values));
}

}  // namespace

std::string csv_end_mark(const CsvFile& file) {
    std::string mark = "\x1e embark: end of file \x1e";
    std::erase(mark, file.delimiter);
    return mark;
}

bool is_block_overrun(const arrow::Status& status) {
    return !status.ok() && status.message().find("straddl") != std::string::npos;
}

CsvPreview read_csv_beginning(const CsvFile& file) {
    const std::string name = file.path.string();
    const auto log = std::make_shared<CsvStreamLog>();
    // Rows of other lengths than the first are found out later, when all are read.
    const CsvPass pass = {.threads = false, .text = false, .on_invalid_row = [](const arrow::csv::InvalidRow&) {
                              return arrow::csv::InvalidRowResult::Skip;
                          }};
    auto reader = open_reader(file, pass, {}, {}, log);
    require(log->problem.empty(), log->problem);
    if (reader.status().IsInvalid()) {
        require(!log->blank, "Cannot read ", name, " as CSV: it is empty");
        // What is not blank and yet has no whole row in its first block begins with a value without end.
        fail(name, file.has_header ? ", header" : ", row 1", ": a quote is opened and never closed");
    }
    const auto rows = arrow_value(std::move(reader), "Cannot read ", name);
    const auto batch = arrow_value(rows->Next(), "Cannot read ", name);
    require(batch != nullptr && batch->num_rows() > 0, "Cannot read ", name, " as CSV: it has no first row");
    CsvPreview beginning = {.first_row = {},
                            .columns = batch->columns(),
                            .expected_rows = expected_rows(file, batch->num_rows(), rows->bytes_read())};
    for (const auto& column : beginning.columns) {
        const auto& bytes = static_cast<const arrow::BinaryArray&>(*column);
        beginning.first_row.emplace_back(bytes.IsNull(0) ? std::string_view{} : bytes.GetView(0));
    }
    return beginning;
}

bool is_repetitive(const arrow::Array& first_rows, int64_t n_rows) {
    const auto& values = static_cast<const arrow::BinaryArray&>(first_rows);
    std::vector<std::string_view> texts;
    for (int64_t i = 0; i < values.length(); ++i) {
        if (values.IsValid(i)) texts.push_back(values.GetView(i));
    }
    TextCoder coder;
    coder.add(texts);
    const auto coded = coder.finish();
    const Codes codes(*coded);
    std::vector<int> counts(static_cast<size_t>(dictionary_of(*coded).length()), 0);
    for (int64_t i = 0; i < codes.size(); ++i) ++counts[static_cast<size_t>(codes[i])];
    const auto standing = [&](int times) {
        return static_cast<double>(std::count(counts.begin(), counts.end(), times));
    };
    const auto seen = static_cast<double>(counts.size());
    if (2 * seen <= static_cast<double>(values.length())) return true;
    const double once = standing(1), twice = standing(2);
    return twice > 0 && 2 * (seen + once * once / (2 * twice)) <= static_cast<double>(n_rows);
}

arrow::Status parse_csv(const CsvFile& file, const CsvPass& pass, std::shared_ptr<CsvStreamLog> log,
                        const std::function<void(std::shared_ptr<arrow::RecordBatch>)>& take) {
    ARROW_ASSIGN_OR_RAISE(auto reader, open_reader(file, pass, file.missing_values, end_row(file), std::move(log)));
    // Batches are parsed ahead, on a thread of their own, while `take` has those before them.
    ARROW_ASSIGN_OR_RAISE(
        auto batches,
        arrow::MakeReadaheadIterator(arrow::MakeFunctionIterator([reader] { return reader->Next(); }), kBatchesAhead));
    while (true) {
        ARROW_ASSIGN_OR_RAISE(auto batch, batches.Next());
        if (!batch) return arrow::Status::OK();
        take(std::move(batch));
    }
}

std::string_view last_csv_value(const arrow::Array& column) {
    const auto& values = static_cast<const arrow::BinaryArray&>(column);
    return values.IsNull(values.length() - 1) ? std::string_view{} : values.GetView(values.length() - 1);
}

bool is_csv_end(const arrow::RecordBatch& batch, std::string_view end_mark) {
    return std::all_of(batch.columns().begin(), batch.columns().end(),
                       [&](const auto& column) { return last_csv_value(*column) == end_mark; });
}

}  // namespace embark
