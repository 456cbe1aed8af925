#include "csv.h"

#include <algorithm>
#include <cctype>
#include <ostream>
#include <utility>

#include "../../core/detail/number_words.h"
#include "../../core/text.h"
#include "../table/detail/arrow_utils.h"
#include "../table/detail/table_impl.h"
#include "detail/csv_columns.h"
#include "detail/csv_failure.h"

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
    constexpr char kSeparator = '\x1f';  // stands for a delimiter that Arrow cannot have
    const std::string& delimiter = options.delimiter.text();
    require<UsageError>(delimiter.find_first_of(std::string_view("\"\r\n\0", 4)) == std::string::npos,
                        "A quote, a line break or a NUL cannot be in the delimiter of a CSV file");
    require<UsageError>(is_utf8(delimiter), "The delimiter of a CSV file must be UTF-8, also where the file is not");
    const std::string name = options.source_name.empty() ? path.string() : options.source_name;
    const bool one_character = delimiter.size() == 1;
    CsvFile file = {.source = std::make_shared<const CsvSource>(path, name),
                    .name = name,
                    .delimiter = one_character ? delimiter.front() : kSeparator,
                    .separator = one_character ? std::nullopt : std::optional(delimiter),
                    .latin_1 = is_latin_1(options.encoding),
                    .has_header = options.column_names.empty(),
                    .missing_values = options.missing_values,
                    .usual_missing_words = options.missing_values == usual_missing_words(),
                    .trim_spaces = options.trim_spaces,
                    .form = {.thousands = options.thousands, .decimal = options.decimal, .strip = options.strip},
                    .text_columns = {options.text_columns.begin(), options.text_columns.end()}};
    check(file.form);
    return file;
}

std::string trimmed_name(const std::string& text) {
    const auto first = text.find_first_not_of(kCsvSpaces);
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(kCsvSpaces) - first + 1);
}

/// The names in a header line. A column without one, as data frames write for their index, gets pandas' name for it.
std::vector<std::string> header_names(const CsvFile& file, std::vector<std::string> names) {
    for (size_t i = 0; i < names.size(); ++i) {
        if (file.trim_spaces) names[i] = trimmed_name(names[i]);
        if (!is_utf8(names[i])) {
            fail(file.name, ", header: the name of column ", i,
                 " (counted from 0) is not UTF-8; if the file is Latin-1, read it with the encoding latin-1 ",
                 "(--encoding latin-1)");
        }
        if (names[i].empty()) names[i] = concat("Unnamed: ", i);
    }
    require_distinct(names, file.name);
    return names;
}

bool all_by_position(const std::vector<ColumnRef>& columns) {
    return std::all_of(columns.begin(), columns.end(),
                       [](const ColumnRef& column) { return std::holds_alternative<int>(column); });
}

/// The names of all columns of the file.
std::vector<std::string> names_of_all(const CsvFile& file, std::vector<std::string> first_row,
                                      const CsvOptions& options) {
    if (file.has_header) return header_names(file, std::move(first_row));
    if (options.column_names.size() != first_row.size()) {
        fail(file.name, " has ", first_row.size(), first_row.size() == 1 ? " column" : " columns", ", but ",
             options.column_names.size(), " column names were given (", join(options.column_names), ")");
    }
    return options.column_names;
}

/// Finds out what columns the file has, and which of them are kept under what names.
void resolve_columns(CsvFile& file, const CsvOptions& options) {
    const std::string source = file.name;
    const auto& used = options.use_columns;
    require_distinct(options.column_names, "column_names");
    std::vector<std::string> first_row = read_first_csv_row(file);
    file.n_columns = static_cast<int>(first_row.size());

    if (!file.has_header && all_by_position(used) && used.size() == options.column_names.size()) {
        file.kept = find_columns(used, first_row, source);
        file.names = options.column_names;
    } else {
        const auto names = names_of_all(file, std::move(first_row), options);
        file.kept = find_columns(used, names, source);
        for (const int position : file.kept) file.names.push_back(names[static_cast<size_t>(position)]);
    }
}

/// All rows of `file`. Throws the Error that says why it cannot be read.
CsvRows read_rows(const CsvFile& file) {
    CsvRows rows = read_csv_rows(file, kCsvBlock);
    if (!rows.table) {
        explain_csv_failure(file, rows.status);
        rows = read_csv_rows(file, kLargeCsvBlock);
        require_arrow(rows.status, "Cannot read ", file.name, " as CSV");
    }
    return rows;
}

/// `value` as one field of a CSV line.
std::string csv_field(const std::string& value, char delimiter) {
    const bool blank_edge = !value.empty() && (value.front() == ' ' || value.back() == ' ');
    if (!blank_edge && value.find_first_of(std::string("\"\r\n") + delimiter) == std::string::npos) return value;
    std::string field = "\"";
    for (const char c : value) {
        if (c == '"') field += '"';
        field += c;
    }
    return field + '"';
}

}  // namespace

std::vector<std::string> usual_missing_words() {
    return {kMissingWords.begin(), kMissingWords.end()};
}

Table read_csv(const std::filesystem::path& path, const CsvOptions& options) {
    CsvFile file = opened(path, options);
    resolve_columns(file, options);
    TableOrigin origin = {
        .source = file.name, .text_columns = file.text_columns, .missing_words = file.usual_missing_words};
    for (const auto& column : options.text_columns) find_column(column, file.names, origin.source);

    CsvRows rows = read_rows(file);
    file.source->require_unchanged();
    const int64_t header_rows = file.has_header ? 1 : 0;
    if (rows.lines == header_rows + rows.table->num_rows()) origin.lines_before = header_rows;
    ArrowTable table = finish_csv_columns(file, std::exchange(rows.table, nullptr), origin);
    // What the parser had needed is of no more use, and Arrow would keep it for a next time.
    arrow::default_memory_pool()->ReleaseUnused();
    return Table(std::make_shared<const Table::Impl>(std::move(table), std::move(origin)));
}

void write_csv(std::ostream& out, const Table& table, char delimiter) {
    // Texts of all columns at once would take many times the table's memory.
    constexpr int64_t kRowsAtOnce = 65536;
    const auto write_line = [&](const std::vector<std::string>& values) {
        // The empty line of a single missing value would be skipped by every reader.
        if (values.size() == 1 && values.front().empty()) {
            out << "\"\"\n";
            return;
        }
        for (size_t i = 0; i < values.size(); ++i) {
            if (i > 0) out << delimiter;
            out << csv_field(values[i], delimiter);
        }
        out << '\n';
    };
    write_line(table.names());
    for (int64_t start = 0; start < table.rows(); start += kRowsAtOnce) {
        const Table part(table.arrow()->Slice(start, kRowsAtOnce), table.source());
        std::vector<std::vector<std::string>> columns;
        for (const auto& name : table.names()) columns.push_back(part.text(name));
        std::vector<std::string> line(columns.size());
        for (size_t row = 0; row < static_cast<size_t>(part.rows()); ++row) {
            for (size_t i = 0; i < columns.size(); ++i) line[i] = columns[i][row];
            write_line(line);
        }
    }
}

}  // namespace embark
