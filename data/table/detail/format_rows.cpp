#include "format_rows.h"

#include <algorithm>
#include <vector>

#include <arrow/api.h>

#include "../../../core/text.h"

namespace embark {

namespace {

constexpr int64_t kWidestColumn = 40;

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

}  // namespace

std::string one_line(std::string text) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    std::replace_if(text.begin(), text.end(), control, ' ');
    return text;
}

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

}  // namespace embark
