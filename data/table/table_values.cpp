// The values of a column, as text and as numbers, and what type they are.
#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ATen.h>

#include "../../core/detail/number_words.h"
#include "../../core/text.h"
#include "detail/arrow_utils.h"
#include "detail/row_values.h"
#include "detail/table_impl.h"
#include "detail/text_codes.h"
#include "table.h"

namespace embark {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool is_number_type(arrow::Type::type type) {
    return arrow::is_integer(type) || arrow::is_floating(type) || arrow::is_decimal(type) || type == arrow::Type::BOOL;
}

/// A column of Arrow's numbers as float64; missing values are NaN.
RowValues<double> cast_numbers(const std::shared_ptr<arrow::ChunkedArray>& column, const std::string& what) {
    require_arrow_compute();
    // Unsafe, since int64 beyond 2^53 has no exact double.
    const auto options = arrow::compute::CastOptions::Unsafe(arrow::float64());
    const auto cast = arrow_value(arrow::compute::Cast(column, options), "Cannot read ", what, " as numbers");
    std::vector<double> numbers;
    numbers.reserve(static_cast<size_t>(column->length()));
    for (const auto& chunk : cast.chunked_array()->chunks()) {
        const auto& values = static_cast<const arrow::DoubleArray&>(*chunk);
        for (int64_t i = 0; i < values.length(); ++i) numbers.push_back(values.IsNull(i) ? kNaN : values.Value(i));
    }
    return RowValues<double>(std::move(numbers));
}

bool is_word(std::string_view text, std::string_view word) {
    const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b); };
    return std::equal(text.begin(), text.end(), word.begin(), word.end(), same);
}

/// Digits that would lose what tells them apart if they were read as a number: 007, or beyond int64.
bool is_digits_only_as_text(std::string_view text) {
    if (is_plain_integer(text)) return !parse_int(text);
    return text.size() > 1 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Narrows down, value by value, what a column of text can be taken for.
class TypeGuess {
public:
    /// False once only text is left.
    bool see(std::string_view text) {
        seen_ = true;
        boolean_ = boolean_ && (is_word(text, "true") || is_word(text, "false"));
        integer_ = integer_ && is_plain_integer(text) && parse_int(text);
        number_ = number_ && (integer_ || (read_number(text) && !is_digits_only_as_text(text)));
        date_ = date_ && parse_timestamp(text);
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
    bool seen_ = false, boolean_ = true, integer_ = true, number_ = true, date_ = true;
};

/// Of text.
ColumnType guess_type(const std::shared_ptr<arrow::ChunkedArray>& column) {
    TypeGuess guess;
    const auto see = [&](int64_t, std::optional<std::string_view> text) {
        return !text || is_missing_word(*text) || guess.see(*text);
    };
    if (is_coded_text(*column->type())) {
        visit_text(arrow::ChunkedArray(coded_array(*code_texts(column)).dictionary()), see);
    } else {
        visit_text(*column, see);
    }
    return guess.type();
}

/// The numbers that texts stand for, NaN for a missing one; calls `refuse(row, text)` for a text that is not a number.
template <class Refuse>
RowValues<double> parse_numbers(const arrow::ChunkedArray& texts, Refuse&& refuse) {
    std::vector<double> numbers(static_cast<size_t>(texts.length()));
    visit_text(texts, [&](int64_t row, std::optional<std::string_view> text) {
        const auto number = text ? read_number(*text) : kNaN;
        if (!number) refuse(row, *text);
        numbers[static_cast<size_t>(row)] = *number;
        return true;
    });
    return RowValues<double>(std::move(numbers));
}

/// As parse_numbers, of coded text.
template <class Refuse>
RowValues<double> parse_coded_numbers(const EncodedColumn& texts, Refuse&& refuse) {
    const auto& values = texts.values();
    std::vector<double> numbers = {kNaN};
    std::vector<char> is_number = {1};
    for (int64_t code = 0; code < values.length(); ++code) {
        const auto number = read_number(values.GetView(code));
        numbers.push_back(number.value_or(kNaN));
        is_number.push_back(number.has_value());
    }
    // Looked for by rows, since the first of them is to be named.
    const RowValues<char> rows(texts, std::move(is_number));
    if (const auto row = rows.find([](char good) { return !good; })) refuse(*row, values.GetView(texts.codes()[*row]));
    return {texts, std::move(numbers)};
}

}  // namespace

std::string in_quotes(std::string_view text) {
    constexpr int64_t kWidth = 60;
    const bool fits = display_width(text) <= kWidth;
    return concat("'", fits ? std::string(text) : fit_width(text, kWidth), "'");
}

std::string_view to_string(ColumnType type) {
    switch (type) {
        case ColumnType::integer:
            return "integer";
        case ColumnType::number:
            return "number";
        case ColumnType::boolean:
            return "boolean";
        case ColumnType::date:
            return "date";
        case ColumnType::text:
            break;
    }
    return "text";
}

ColumnType Table::type(std::string_view name) const {
    const auto values = column(name);
    if (impl_->origin.text_columns.contains(name)) return ColumnType::text;
    const auto id = values->type()->id();
    if (id == arrow::Type::STRING) return guess_type(values);
    if (id == arrow::Type::BOOL) return ColumnType::boolean;
    if (arrow::is_integer(id)) return ColumnType::integer;
    if (arrow::is_floating(id) || arrow::is_decimal(id)) return ColumnType::number;
    if (arrow::is_date(id) || id == arrow::Type::TIMESTAMP) return ColumnType::date;
    if (arrow::is_nested(id)) return ColumnType::text;
    return guess_type(as_text(values, concat("column '", name, "'")));
}

std::vector<std::string> Table::text(std::string_view name) const {
    const auto values = as_text(column(name), concat("column '", name, "' of ", display_name(source())));
    std::vector<std::string> texts;
    texts.reserve(static_cast<size_t>(rows()));
    visit_text(*values, [&](int64_t, std::optional<std::string_view> text) {
        texts.emplace_back(text.value_or(std::string_view{}));
        return true;
    });
    return texts;
}

RowValues<double> read_numbers(const Table& table, std::string_view name) {
    const auto values = table.column(name);
    const std::string what = concat("column '", name, "' of ", display_name(table.source()));
    if (is_number_type(values->type()->id())) return cast_numbers(values, what);
    const auto texts = as_text(values, what);
    const auto refuse = [&](int64_t row, std::string_view text) {
        fail(table.where(row, name), ": ", in_quotes(text), " is not a number");
    };
    return is_coded_text(*texts->type()) ? parse_coded_numbers(EncodedColumn(texts), refuse)
                                         : parse_numbers(*texts, refuse);
}

at::Tensor Table::numbers(std::string_view name) const {
    return read_numbers(*this, name).tensor();
}

RowValues<double> read_finite_numbers(const Table& table, std::string_view name) {
    RowValues<double> numbers = read_numbers(table, name);
    const auto row = numbers.find([](double value) { return !std::isfinite(value); });
    if (!row) return numbers;
    const std::string written = table.take(at::tensor({*row}, at::kLong)).text(name).front();
    if (written.empty()) fail(table.where(*row, name), ": the value is missing, and a number is needed");
    fail(table.where(*row, name), ": ", in_quotes(written), " is not a finite number");
}

at::Tensor Table::finite_numbers(std::string_view name) const {
    return read_finite_numbers(*this, name).tensor();
}

}  // namespace embark
