#include "column_look.h"

#include <utility>
#include <vector>

#include "../../core/text.h"
#include "detail/arrow_utils.h"
#include "detail/column_type.h"
#include "detail/encoded_column.h"
#include "detail/number_form.h"
#include "detail/table_impl.h"

namespace embark {

namespace {

/// The type of a column whose values say it by Arrow's type; nothing of text.
std::optional<ColumnType> type_of_arrow(const arrow::DataType& type) {
    const auto id = type.id();
    if (id == arrow::Type::BOOL) return ColumnType::boolean;
    if (arrow::is_integer(id)) return ColumnType::integer;
    if (arrow::is_floating(id) || arrow::is_decimal(id)) return ColumnType::number;
    if (arrow::is_date(id) || id == arrow::Type::TIMESTAMP) return ColumnType::date;
    if (arrow::is_nested(id)) return ColumnType::text;
    return std::nullopt;
}

/// Fills in what would make a column of text one of numbers.
void offer_form(ColumnLook& look, const EncodedColumn& column, const std::vector<ValueKind>& kinds,
                const std::vector<int64_t>& rows) {
    const arrow::StringArray& values = column.values();
    FormOffer offer;
    for (size_t code = 0; code < kinds.size(); ++code) {
        if (kinds[code] == ValueKind::missing_word) continue;
        if (!offer.see(values.GetView(static_cast<int64_t>(code)), rows[code])) return;
    }
    const std::string options = offer.options();
    const Codes codes = column.codes();
    for (int64_t row = 0; row < codes.size() && !options.empty(); ++row) {
        if (codes[row] < 0 || !offer.needs(values.GetView(codes[row]))) continue;
        look.offer = options;
        look.offer_row = row;
        look.offer_example = values.GetString(codes[row]);
        return;
    }
}

/// Fills in what depends on the kinds of a text column's values.
void look_at_texts(ColumnLook& look, const EncodedColumn& column, bool missing_words) {
    const arrow::StringArray& values = column.values();
    const std::vector<int64_t> rows = rows_of_values(column.codes(), values.length());
    KindCounts counts;
    std::vector<ValueKind> kinds;
    for (int64_t code = 0; code < values.length(); ++code) {
        kinds.push_back(kind_of(values.GetView(code), missing_words));
        counts.add(kinds.back(), rows[static_cast<size_t>(code)]);
    }
    const auto take_first = [&](auto&& is_it) {
        const Codes codes = column.codes();
        for (int64_t row = 0; row < codes.size(); ++row) {
            if (codes[row] < 0 || !is_it(kinds[static_cast<size_t>(codes[row])])) continue;
            look.first_odd_row = row;
            look.first_odd = values.GetString(codes[row]);
            return;
        }
    };
    look.type = counts.type();
    if (look.type == ColumnType::text) {
        if (counts.codes == 0) {
            offer_form(look, column, kinds, rows);
        } else if (is_most(counts.integers + counts.numbers, counts.values())) {
            look.codes = counts.codes;
            take_first([](ValueKind kind) { return kind == ValueKind::code; });
        }
        return;
    }
    look.odd = counts.odd();
    look.missing += counts.missing_words;
    for (int64_t code = 0; code < values.length(); ++code) {
        if (kinds[static_cast<size_t>(code)] != ValueKind::missing_word) continue;
        look.missing_words[std::string(values.GetView(code))] += rows[static_cast<size_t>(code)];
        --look.distinct;
    }
    if (look.odd == 0) return;
    take_first([&](ValueKind kind) { return kind != ValueKind::missing_word && !is_of_type(kind, look.type); });
}

}  // namespace

ColumnLook look_at(const Table& table, std::string_view name) {
    const TableOrigin& origin = table.impl().origin;
    const ArrowColumn values = table.column(name);
    const auto known = type_of_arrow(*values->type());
    ColumnLook look = {.type = known.value_or(ColumnType::text), .rows = table.rows()};
    if (const auto words = origin.taken_words.find(name); words != origin.taken_words.end()) {
        look.missing_words = words->second;
    }
    if (arrow::is_nested(values->type()->id())) {
        look.missing = values->null_count();
        return look;
    }
    const EncodedColumn column(table, name);
    look.missing = column.missing();
    look.distinct = column.values().length();
    if (!known && !origin.text_columns.contains(name)) look_at_texts(look, column, origin.missing_words);
    return look;
}

void require_settled(const Table& table, std::string_view column, const ColumnLook& look, std::string_view instead) {
    const bool numbers = look.type == ColumnType::integer || look.type == ColumnType::number;
    const int64_t values = look.rows - look.missing;
    if (look.type == ColumnType::boolean && look.odd > 0) {
        fail(table.where(*look.first_odd_row, column), ": ", in_quotes(look.first_odd), " is neither true nor false, as ",
             values - look.odd, " of the column's ", values,
             " values are; correct it, say that it stands for a missing value (--missing), or give ", instead,
             " to take the column as categories");
    }
    if (numbers && look.odd > 0) {
        fail(table.where(*look.first_odd_row, column), ": ", in_quotes(look.first_odd), " is not a number, as ",
             values - look.odd, " of the column's ", values,
             " values are; say what it is: a missing value (--missing), a number written with signs of its own "
             "(--thousands, --decimal, --strip), or give ",
             instead, " to take the column as categories");
    }
    if (look.codes > 0) {
        fail(table.where(*look.first_odd_row, column), ": ", in_quotes(look.first_odd),
             look.first_odd.front() == '0' ? " begins with a zero" : " is no integer of 64 bits",
             ", as codes may, while nearly all of the column's values are numbers; correct it, name the column as one "
             "of numbers, or give ",
             instead, " to take the column as categories");
    }
    if (look.offer.empty()) return;
    fail(table.where(*look.offer_row, column), ": ", in_quotes(look.offer_example),
         " is a number in a form that is not guessed; give ", look.offer, " to read it as one, or ", instead,
         " to take the column as categories");
}

ColumnType Table::type(std::string_view name) const {
    const auto values = column(name);
    if (impl_->origin.text_columns.contains(name)) return ColumnType::text;
    if (const auto known = type_of_arrow(*values->type())) return *known;
    return count_kinds(as_text(values, concat("column '", name, "'")), impl_->origin.missing_words).type();
}

}  // namespace embark
