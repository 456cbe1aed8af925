#include "row_values.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ATen.h>

#include "../../../core/detail/number_words.h"
#include "../table.h"
#include "arrow_utils.h"
#include "number_form.h"
#include "table_impl.h"

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

/// The numbers that texts stand for, NaN for a missing one, for which words stand too where `missing_words`; calls
/// `refuse(row, text)` for a text that is not a number.
template <class Refuse>
RowValues<double> parse_numbers(const arrow::ChunkedArray& texts, bool missing_words, Refuse&& refuse) {
    std::vector<double> numbers(static_cast<size_t>(texts.length()));
    visit_text(texts, [&](int64_t row, std::optional<std::string_view> text) {
        const auto number = text ? read_number(*text, missing_words) : kNaN;
        if (!number) refuse(row, *text);
        numbers[static_cast<size_t>(row)] = *number;
        return true;
    });
    return RowValues<double>(std::move(numbers));
}

/// As parse_numbers, of encoded text.
template <class Refuse>
RowValues<double> parse_encoded_numbers(const EncodedColumn& texts, bool missing_words, Refuse&& refuse) {
    const auto& values = texts.values();
    std::vector<double> numbers = {kNaN};
    std::vector<char> is_number = {1};
    for (int64_t code = 0; code < values.length(); ++code) {
        const auto number = read_number(values.GetView(code), missing_words);
        numbers.push_back(number.value_or(kNaN));
        is_number.push_back(number.has_value());
    }
    // Looked for by rows, since the first of them is to be named.
    const RowValues<char> rows(texts, std::move(is_number));
    if (const auto row = rows.find([](char good) { return !good; })) refuse(*row, values.GetView(texts.codes()[*row]));
    return {texts, std::move(numbers)};
}

}  // namespace

RowOrder::RowOrder(const at::Tensor& some_rows, int64_t n_rows) : rows_(some_rows.cpu().contiguous()) {
    constexpr int64_t kFew = 4;  // of so many rows one: to seek these is not slower than to go through all
    const int64_t n = size();
    if (kFew * n < n_rows || n_rows > std::numeric_limits<int32_t>::max()) return;
    const int64_t* row = rows_.const_data_ptr<int64_t>();
    if (std::is_sorted(row, row + n)) return;
    place_of_.assign(static_cast<size_t>(n_rows), -1);
    for (int64_t i = 0; i < n; ++i) {
        int32_t& place = place_of_[static_cast<size_t>(row[i])];
        if (place >= 0) {
            place_of_.clear();
            return;
        }
        place = static_cast<int32_t>(i);
    }
}

RowValues<double> read_numbers(const Table& table, std::string_view name) {
    const auto values = table.column(name);
    const std::string what = concat("column '", name, "' of ", display_name(table.source()));
    if (is_number_type(values->type()->id())) return cast_numbers(values, what);
    const auto texts = as_text(values, what);
    const auto refuse = [&](int64_t row, std::string_view text) {
        FormOffer offer;
        offer.see(text, 1);
        const std::string options = offer.options();
        fail(table.where(row, name), ": ", in_quotes(text), " is not a number",
             options.empty() ? "" : "; to read it as one give ", options);
    };
    const bool words = table.impl().origin.missing_words;
    return is_encoded_text(*texts->type()) ? parse_encoded_numbers(EncodedColumn(texts), words, refuse)
                                           : parse_numbers(*texts, words, refuse);
}

RowValues<double> read_finite_numbers(const Table& table, std::string_view name) {
    RowValues<double> numbers = read_numbers(table, name);
    const auto row = numbers.find([](double value) { return !std::isfinite(value); });
    if (!row) return numbers;
    const std::string written = table.take(at::tensor({*row}, at::kLong)).text(name).front();
    if (written.empty()) fail(table.where(*row, name), ": the value is missing, and a number is needed");
    fail(table.where(*row, name), ": ", in_quotes(written), " is not a finite number");
}

RowValues<int64_t> encode_column(const Vocabulary& vocabulary, const EncodedColumn& column) {
    constexpr int64_t kValuesPerThread = 4096;  // fewer are not worth a thread
    const arrow::StringArray& values = column.values();
    std::vector<int64_t> indices(static_cast<size_t>(values.length()) + 1, 0);
    parallel_for(values.length(), kValuesPerThread, [&](int64_t begin, int64_t end) {
        for (int64_t code = begin; code < end; ++code) {
            indices[static_cast<size_t>(code) + 1] = vocabulary.index(values.GetView(code));
        }
    });
    return {column, std::move(indices)};
}

}  // namespace embark
