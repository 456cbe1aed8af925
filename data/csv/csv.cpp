#include <algorithm>
#include <cctype>
#include <utility>

#include "../../core/file.h"
#include "../../core/text.h"
#include "../table/detail/arrow_utils.h"
#include "../table/detail/table_impl.h"
#include "../table/table.h"
#include "detail/csv_columns.h"
#include "detail/csv_line_reader.h"
#include "detail/csv_parse.h"

namespace embark {

namespace {

/// True for Latin-1, false for UTF-8.
bool is_latin_1(const std::string& encoding) {
    std::string name;
    for (const char c : encoding) {
        if (std::isalnum(static_cast<unsigned char>(c))) {
            name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    if (name == "latin1" || name == "iso88591") return true;
    require<UsageError>(name == "utf8", "Unknown encoding: '", encoding, "'; use utf-8 or latin-1");
    return false;
}

CsvFile opened(const std::filesystem::path& path, const CsvOptions& options) {
    require<UsageError>(std::string_view("\"\r\n\0", 4).find(options.delimiter) == std::string_view::npos,
                        "A quote, a line break or a NUL cannot be the delimiter of a CSV file");
    require_readable_file(path);
    require(std::filesystem::is_regular_file(path), "Cannot read ", path.string(),
            ": it is no regular file; CSV is read more than once, which a pipe does not allow");
    return {.path = path,
            .delimiter = options.delimiter,
            .latin_1 = is_latin_1(options.encoding),
            .has_header = options.column_names.empty(),
            .missing_values = options.missing_values};
}

std::string trimmed_name(const std::string& text) {
    const auto first = text.find_first_not_of(kCsvSpaces);
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(kCsvSpaces) - first + 1);
}

/// The names in a header line. A column without one, as data frames write for their index, gets pandas' name for it.
std::vector<std::string> header_names(const CsvFile& file, std::vector<std::string> names, bool trim_spaces) {
    for (size_t i = 0; i < names.size(); ++i) {
        if (trim_spaces) names[i] = trimmed_name(names[i]);
        if (!is_utf8(names[i])) {
            fail(file.path.string(), ", header: the name of column ", i,
                 " (counted from 0) is not UTF-8; if the file is Latin-1, read it with the encoding latin-1");
        }
        if (names[i].empty()) names[i] = concat("Unnamed: ", i);
    }
    require_distinct(names, file.path.string());
    return names;
}

bool all_by_position(const std::vector<ColumnRef>& columns) {
    return std::all_of(columns.begin(), columns.end(),
                       [](const ColumnRef& column) { return std::holds_alternative<int>(column); });
}

/// The names of all columns of the file.
std::vector<std::string> names_of_all(const CsvFile& file, std::vector<std::string> first_row,
                                      const CsvOptions& options) {
    if (file.has_header) return header_names(file, std::move(first_row), options.trim_spaces);
    if (options.column_names.size() != first_row.size()) {
        fail(file.path.string(), " has ", first_row.size(), first_row.size() == 1 ? " column" : " columns", ", but ",
             options.column_names.size(), " column names were given (", join(options.column_names), ")");
    }
    return options.column_names;
}

/// Finds out what columns the file has, and which of them are kept under what names.
void resolve_columns(CsvFile& file, const CsvOptions& options) {
    const std::string source = file.path.string();
    const auto& used = options.use_columns;
    require_distinct(options.column_names, "column_names");
    CsvPreview beginning = read_csv_beginning(file);
    file.n_columns = static_cast<int>(beginning.first_row.size());
    file.expected_rows = beginning.expected_rows;

    if (!file.has_header && all_by_position(used) && used.size() == options.column_names.size()) {
        file.kept = find_columns(used, beginning.first_row, source);
        file.names = options.column_names;
    } else {
        const auto names = names_of_all(file, std::move(beginning.first_row), options);
        file.kept = find_columns(used, names, source);
        for (const int position : file.kept) file.names.push_back(names[static_cast<size_t>(position)]);
    }
    for (const int position : file.kept) {
        file.coded.push_back(is_repetitive(*beginning.columns[static_cast<size_t>(position)], file.expected_rows));
    }
}

/// The rows of any file, as Arrow's parser finds them; `log` gets what was seen of it.
ArrowTable parse_rows(const CsvFile& file, const CsvValues& values, CsvStreamLog& log) {
    arrow::Status status;
    for (const CsvPass& pass : {CsvPass{}, CsvPass{.block_size = kLargeCsvBlock}}) {
        CsvRows rows(file, values);
        const auto pass_log = std::make_shared<CsvStreamLog>();
        status = parse_csv(file, pass, pass_log, [&](auto batch) { rows.add(std::move(batch)); });
        require(pass_log->problem.empty(), pass_log->problem);
        if (status.ok() && rows.ends_with_mark()) {
            log = *pass_log;
            return std::move(rows).finish();
        }
        if (!is_block_overrun(status)) break;
    }
    explain_csv_failure(file, status);
}

}  // namespace

Table read_csv(const std::filesystem::path& path, const CsvOptions& options) {
    CsvFile file = opened(path, options);
    resolve_columns(file, options);
    TableOrigin origin = {.source = path.string()};
    for (const auto& column : options.text_columns) {
        find_column(column, file.names, origin.source);
        origin.text_columns.insert(column);
    }

    const CsvValues values = {.trim_spaces = options.trim_spaces, .missing_values = options.missing_values};
    const int64_t header_rows = file.has_header ? 1 : 0;
    ArrowTable table = read_csv_lines(file, values);
    bool rows_are_lines = table != nullptr;
    if (!table) {
        CsvStreamLog log;
        table = parse_rows(file, values, log);
        rows_are_lines = log.lines == header_rows + table->num_rows();
    }
    if (rows_are_lines) origin.lines_before = header_rows;
    // What the parser had needed is of no more use, and Arrow would keep it for a next time.
    arrow::default_memory_pool()->ReleaseUnused();
    return Table(std::make_shared<const Table::Impl>(std::move(table), std::move(origin)));
}

}  // namespace embark
