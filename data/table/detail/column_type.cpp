#include "column_type.h"

#include <algorithm>
#include <optional>

#include "../../../core/detail/number_words.h"
#include "../../../core/text.h"
#include "../../../predictor/date_parts.h"
#include "arrow_utils.h"
#include "encoded_text.h"

namespace embark {

namespace {

/// Digits that would lose what tells them apart if they were read as a number: 007, or beyond int64.
bool is_digits_only_as_text(std::string_view text) {
    if (is_plain_integer(text)) return !parse_int(text);
    return text.size() > 1 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Narrows down, value by value, what a column of text can be taken for.
class TypeGuess {
public:
    explicit TypeGuess(std::string_view date_format) : date_format_(date_format) {}

    /// False once only text is left.
    bool see(std::string_view text) {
        seen_ = true;
        boolean_ = boolean_ && (is_word(text, "true") || is_word(text, "false"));
        integer_ = integer_ && is_plain_integer(text) && parse_int(text);
        number_ = number_ && (integer_ || (read_number(text) && !is_digits_only_as_text(text)));
        date_ = date_ && date_seconds(text, date_format_);
        return boolean_ || number_ || date_;
    }

    ColumnType type() const {
        if (!seen_) return ColumnType::text;
        if (boolean_) return ColumnType::boolean;
        if (integer_) return ColumnType::integer;
        if (number_) return ColumnType::number;
        return date_ ? ColumnType::date : ColumnType::text;
    }

private:
    std::string_view date_format_;
    bool seen_ = false, boolean_ = true, integer_ = true, number_ = true, date_ = true;
};

}  // namespace

ColumnType guess_text_type(const std::shared_ptr<arrow::ChunkedArray>& column, std::string_view date_format) {
    TypeGuess guess(date_format);
    const auto see = [&](int64_t, std::optional<std::string_view> text) {
        return !text || is_missing_word(*text) || guess.see(*text);
    };
    if (is_encoded_text(*column->type())) {
        visit_text(arrow::ChunkedArray(encoded_array(*encode_texts(column)).dictionary()), see);
    } else {
        visit_text(*column, see);
    }
    return guess.type();
}

}  // namespace embark
