#include "valid_table.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "../../../core/text.h"
#include "arrow_utils.h"

namespace embark {

namespace {

/// The first row of a chunk that is broken by itself, and how.
struct Fault {
    int64_t row;
    std::string_view what;
};

constexpr std::string_view kNotUtf8 = "the value is not UTF-8";

template <class Strings>
std::optional<Fault> find_text_not_utf8(const arrow::Array& chunk) {
    const auto& texts = static_cast<const Strings&>(chunk);
    for (int64_t row = 0; row < texts.length(); ++row) {
        if (texts.IsValid(row) && !is_utf8(texts.GetView(row))) return Fault{row, kNotUtf8};
    }
    return std::nullopt;
}

std::optional<Fault> find_fault(const arrow::Array& chunk);

std::optional<Fault> find_bad_code(const arrow::DictionaryArray& chunk) {
    const std::optional<Fault> in_values = find_fault(*chunk.dictionary());
    for (int64_t row = 0; row < chunk.length(); ++row) {
        if (chunk.IsNull(row)) continue;
        const int64_t code = chunk.GetValueIndex(row);
        if (code < 0 || code >= chunk.dictionary()->length()) {
            return Fault{row, "the value is a number that its dictionary lacks"};
        }
        if (in_values && code == in_values->row) return Fault{row, in_values->what};
    }
    return std::nullopt;
}

/// Of a chunk whose buffers are as long as they must be.
std::optional<Fault> find_fault(const arrow::Array& chunk) {
    switch (chunk.type_id()) {
        case arrow::Type::STRING:
            return find_text_not_utf8<arrow::StringArray>(chunk);
        case arrow::Type::LARGE_STRING:
            return find_text_not_utf8<arrow::LargeStringArray>(chunk);
        case arrow::Type::DICTIONARY:
            return find_bad_code(static_cast<const arrow::DictionaryArray&>(chunk));
        default:
            return std::nullopt;
    }
}

/// Columns without a value take no bytes, however many rows a file says they have.
void require_believable(const arrow::Table& table, const TableOrigin& origin) {
    constexpr int64_t kMostRows = 10'000'000;
    const auto& columns = table.columns();
    const bool empty = std::all_of(columns.begin(), columns.end(),
                                   [](const auto& column) { return column->type()->id() == arrow::Type::NA; });
    require(!empty || table.num_rows() <= kMostRows, "Cannot read ", origin.source, ": it says that it has ",
            table.num_rows(), " rows, and has no value");
}

}  // namespace

void require_valid(const arrow::Table& table, const TableOrigin& origin) {
    require_believable(table, origin);
    const arrow::Status status = table.ValidateFull();
    if (status.ok()) return;
    for (int i = 0; i < table.num_columns(); ++i) {
        const std::string& name = table.field(i)->name();
        int64_t first = 0;
        std::string without_row;
        for (const auto& chunk : table.column(i)->chunks()) {
            const arrow::Status whole = chunk->ValidateFull();
            if (!whole.ok() && chunk->Validate().ok()) {
                if (const auto fault = find_fault(*chunk)) {
                    fail(place_of(origin, first + fault->row, name), ": ", fault->what, "; the file is damaged");
                }
                // The dictionary has it, which chunks share: the row may come later, or be one that was not read.
                without_row = reason_of(whole);
            }
            first += chunk->length();
        }
        if (!without_row.empty()) {
            fail("Cannot read ", origin.source, ", column '", name, "': ", without_row, "; the file is damaged");
        }
    }
    fail("Cannot read ", origin.source, ": ", reason_of(status));
}

}  // namespace embark
