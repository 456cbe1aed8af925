// Tables as text: the printed view, and CSV.
#include <algorithm>
#include <ostream>

#include "../../core/text.h"
#include "detail/arrow_utils.h"
#include "detail/table_impl.h"
#include "table.h"

namespace embark {

namespace {

constexpr int64_t kWidestColumn = 40;

/// Line breaks, tabs and other control characters would break the lines of a view: each becomes a space.
std::string one_line(std::string text) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    std::replace_if(text.begin(), text.end(), control, ' ');
    return text;
}

/// One column of a view, top to bottom.
std::vector<std::string> view_cells(const Table& all, const Table& shown, const std::string& name, bool with_types) {
    std::vector<std::string> cells = {one_line(name)};
    if (with_types) cells.emplace_back(to_string(all.type(name)));
    if (arrow::is_nested(shown.column(name)->type()->id())) {
        cells.insert(cells.end(), static_cast<size_t>(shown.rows()), shown.column(name)->type()->ToString());
        return cells;
    }
    for (auto& value : shown.text(name)) cells.push_back(value.empty() ? "NA" : one_line(std::move(value)));
    return cells;
}

/// Adds a column to `lines`, flush right and as wide as its widest cell, but no wider than kWidestColumn.
void add_column(std::vector<std::string>& lines, const std::vector<std::string>& cells) {
    int64_t width = 0;
    for (const auto& cell : cells) width = std::max(width, display_width(cell));
    width = std::min(width, kWidestColumn);
    for (size_t i = 0; i < lines.size(); ++i) {
        if (!lines[i].empty()) lines[i] += "  ";
        lines[i] += fit_width(cells[i], width, true);
    }
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

std::string format_rows(const Table& table, int64_t n, bool with_types) {
    const Table shown = table.head(n);
    const size_t title_lines = with_types ? 2 : 1;
    std::vector<std::string> index(title_lines);
    for (int64_t row = 0; row < shown.rows(); ++row) index.push_back(std::to_string(row));
    const size_t index_width = index.back().size();
    std::vector<std::string> lines;
    for (const auto& cell : index) lines.push_back(fit_width(cell, static_cast<int64_t>(index_width)));
    for (const auto& name : table.names()) add_column(lines, view_cells(table, shown, name, with_types));
    return join(lines, "\n") + "\n";
}

std::string Table::view(int64_t n, bool described) const {
    if (!described) return format_rows(*this, n, false);
    return concat(format_rows(*this, n, true), "[", rows(), rows() == 1 ? " row" : " rows", " x ", columns(),
                  columns() == 1 ? " column]" : " columns]");
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
