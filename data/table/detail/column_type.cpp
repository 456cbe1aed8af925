#include "column_type.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "../../../core/detail/number_words.h"
#include "../../../core/text.h"
#include "../../../predictor/date_parts.h"
#include "arrow_utils.h"
#include "encoded_text.h"

namespace embark {

namespace {

bool is_all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_most(int64_t some, int64_t all) {
    return all > 0 && 20 * some >= 19 * all;
}

ValueKind kind_of(std::string_view text, bool missing_words, std::string_view date_format) {
    using enum ValueKind;
    if (text.empty() || (missing_words && is_missing_word(text))) return missing_word;
    if (is_plain_integer(text)) return parse_int(text) ? integer : code;
    if (is_all_digits(text)) return code;
    if (is_word(text, "true") || is_word(text, "false")) return boolean;
    if (const auto number_read = read_number(text, missing_words)) {
        return *number_read == *number_read ? number : missing_word;
    }
    return date_seconds(text, date_format) ? date : other;
}

void KindCounts::add(ValueKind kind, int64_t rows) {
    using enum ValueKind;
    switch (kind) {
        case missing_word:
            missing_words += rows;
            break;
        case boolean:
            booleans += rows;
            break;
        case integer:
            integers += rows;
            break;
        case number:
            numbers += rows;
            break;
        case code:
            codes += rows;
            break;
        case date:
            dates += rows;
            break;
        case other:
            others += rows;
            break;
    }
}

ColumnType KindCounts::type() const {
    const int64_t n = values();
    if (n == 0) return ColumnType::text;
    if (codes > 0) return ColumnType::text;
    if (is_most(booleans, n)) return ColumnType::boolean;
    if (is_most(integers + numbers, n)) return numbers > 0 ? ColumnType::number : ColumnType::integer;
    return is_most(dates, n) ? ColumnType::date : ColumnType::text;
}

int64_t KindCounts::odd() const {
    switch (type()) {
        case ColumnType::integer:
        case ColumnType::number:
            return values() - integers - numbers;
        case ColumnType::date:
            return values() - dates;
        case ColumnType::boolean:
            return values() - booleans;
        case ColumnType::text:
            break;
    }
    return 0;
}

bool KindCounts::may_be_typed(int64_t all) const {
    if (codes > 0) return false;
    const int64_t n = values();
    const int64_t most = std::max({integers + numbers, dates, booleans});
    return is_most(all - (n - most), all);
}

bool is_of_type(ValueKind kind, ColumnType type) {
    switch (type) {
        case ColumnType::integer:
        case ColumnType::number:
            return kind == ValueKind::integer || kind == ValueKind::number;
        case ColumnType::boolean:
            return kind == ValueKind::boolean;
        case ColumnType::date:
            return kind == ValueKind::date;
        case ColumnType::text:
            break;
    }
    return true;
}

KindCounts count_kinds(const std::shared_ptr<arrow::ChunkedArray>& column, bool missing_words,
                       std::string_view date_format) {
    KindCounts counts;
    if (!is_encoded_text(*column->type())) {
        const int64_t values = column->length() - column->null_count();
        visit_text(*column, [&](int64_t, std::optional<std::string_view> text) {
            if (text) counts.add(kind_of(*text, missing_words, date_format), 1);
            return !text || counts.may_be_typed(values);
        });
        return counts;
    }
    const auto encoded = encode_texts(column);
    const arrow::StringArray& values = dictionary_of(*encoded);
    const Codes codes(*encoded);
    const std::vector<int64_t> rows = rows_of_values(codes, values.length());
    const int64_t n = codes.size() - encoded->null_count();
    for (int64_t code = 0; code < values.length() && counts.may_be_typed(n); ++code) {
        counts.add(kind_of(values.GetView(code), missing_words, date_format), rows[static_cast<size_t>(code)]);
    }
    return counts;
}

}  // namespace embark
