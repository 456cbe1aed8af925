#include "column_summary.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

#include "../../core/error.h"
#include "../../core/text.h"
#include "../table/column_look.h"
#include "../table/detail/format_rows.h"

namespace embark {

namespace {

std::string count_text(const std::optional<int64_t>& count) {
    return count ? std::to_string(*count) : "";
}

/// The cells of a line of a printed summary, the reason apart.
using SummaryCells = std::array<std::string, 4>;

SummaryCells summary_cells(const ColumnSummary& column) {
    return {one_line(column.name), std::string(to_string(column.kind)), count_text(column.distinct),
            count_text(column.missing)};
}

}  // namespace

std::string_view to_string(ColumnKind kind) {
    switch (kind) {
        case ColumnKind::number:
            return "number";
        case ColumnKind::date:
            return "date";
        case ColumnKind::text:
            return "text";
        case ColumnKind::target_class:
            return "class";
        case ColumnKind::target_value:
            return "value";
        case ColumnKind::ignored:
            return "ignored";
        case ColumnKind::category:
            break;
    }
    return "category";
}

std::string missing_text(const ColumnLook& look) {
    if (look.missing_words.empty()) return "";
    std::vector<std::string> words;
    for (const auto& [word, count] : look.missing_words) words.push_back(one_line(word));
    return concat(look.missing, " missing: ", join(words, " "));
}

std::string with_clause(std::string text, const std::string& clause) {
    if (!text.empty() && !clause.empty()) text += "; ";
    return text + clause;
}

ColumnSummary summarize(const std::string& name, ColumnKind kind, const ColumnLook& look, const std::string& why) {
    return {.name = name,
            .kind = kind,
            .distinct = look.distinct,
            .missing = look.missing,
            .reason = with_clause(why, missing_text(look))};
}

ColumnSummary summarize(const Table& table, const std::string& name, ColumnKind kind, const std::string& why) {
    return summarize(name, kind, look_at(table, name), why);
}

std::ostream& operator<<(std::ostream& out, const std::vector<ColumnSummary>& columns) {
    std::vector<SummaryCells> lines = {{"column", "taken as", "distinct", "missing"}};
    for (const ColumnSummary& column : columns) lines.push_back(summary_cells(column));
    constexpr int64_t kWidest = 40;
    std::array<int64_t, std::tuple_size_v<SummaryCells>> widths = {};
    for (const SummaryCells& cells : lines) {
        for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], display_width(cells[i]));
    }
    widths[0] = std::min(widths[0], kWidest);
    for (size_t line = 0; line < lines.size(); ++line) {
        std::string text;
        for (size_t i = 0; i < widths.size(); ++i) {
            const bool is_count = i >= 2;
            text += fit_width(lines[line][i], widths[i], /*right=*/is_count) + "  ";
        }
        text += line == 0 ? "why" : one_line(columns[line - 1].reason);
        out << text.substr(0, text.find_last_not_of(' ') + 1) << "\n";
    }
    return out;
}

}  // namespace embark
