#include "encoded_column.h"

#include <algorithm>
#include <string>
#include <utility>

#include "../../../core/detail/number_words.h"
#include "../table.h"
#include "arrow_utils.h"
#include "table_impl.h"

namespace embark {

namespace {

/// Floating-point numbers as the texts that RawValue has of them; NaN is a missing one.
ArrowColumn float_texts(const ArrowColumn& numbers) {
    require_arrow_compute();
    const std::string failure = "Cannot encode a column of numbers";
    const auto type = numbers->type()->id() == arrow::Type::DOUBLE ? arrow::float64() : arrow::float32();
    const auto cast = arrow_value(arrow::compute::Cast(numbers, type), failure).chunked_array();
    const auto flat = arrow_value(arrow::Concatenate(cast->chunks()), failure);
    const auto encoded = arrow_value(arrow::compute::DictionaryEncode(flat), failure).make_array();
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*encoded);
    std::vector<std::string> texts;
    const auto append = [&](const auto& distinct) {
        for (int64_t i = 0; i < distinct.length(); ++i) texts.push_back(number_text(distinct.Value(i)));
    };
    if (type->id() == arrow::Type::DOUBLE) {
        append(static_cast<const arrow::DoubleArray&>(*dictionary.dictionary()));
    } else {
        append(static_cast<const arrow::FloatArray&>(*dictionary.dictionary()));
    }
    const arrow::Datum distinct(std::make_shared<arrow::ChunkedArray>(text_array(texts)));
    return arrow_value(arrow::compute::Take(distinct, dictionary.indices()), failure).chunked_array();
}

std::vector<std::string> distinct_values(const EncodedColumn& column, const std::vector<char>& wanted) {
    std::vector<std::string> values;
    visit_distinct(column, wanted, [&](int64_t, std::string_view value) { values.emplace_back(value); });
    return values;
}

}  // namespace

EncodedColumn::EncodedColumn(const Table& table, std::string_view column)
    : has_missing_words_(table.impl().origin.missing_words) {
    auto values = table.column(column);
    if (arrow::is_floating(values->type()->id()) && values->length() > 0) values = float_texts(values);
    column_ = arrow::is_integer(values->type()->id()) && values->length() > 0
                  ? encode_integers(values)
                  : encode_texts(as_text(values, concat("column '", column, "' of ", display_name(table.source()))));
}

std::vector<char> mark_rows(const at::Tensor& rows, const Table& table) {
    require(rows.dim() == 1 && rows.scalar_type() == at::kLong, "Row indices must be a 1-d int64 tensor");
    const int64_t n_rows = table.rows();
    std::vector<char> marked(static_cast<size_t>(n_rows), 0);
    const at::Tensor indices = rows.cpu().contiguous();
    const int64_t* row = indices.const_data_ptr<int64_t>();
    for (int64_t i = 0, n = indices.numel(); i < n; ++i) {
        if (row[i] < 0 || row[i] >= n_rows) {
            fail("There is no row ", row[i], " in ", display_name(table.source()), ", which has ", n_rows,
                 " rows, counted from 0");
        }
        marked[static_cast<size_t>(row[i])] = 1;
    }
    return marked;
}

SeenValues seen_values(const EncodedColumn& column, const Vocabulary& vocabulary, const at::Tensor& rows) {
    bool all_known = column.missing() == 0;
    for (int64_t code = 0; code < column.values().length() && all_known; ++code) {
        all_known = vocabulary.index(column.values().GetView(code)) > 0;
    }
    if (all_known) return {.values = rows.numel(), .known_example = vocabulary.size() > 1 ? vocabulary.name(1) : ""};
    const at::Tensor some = rows.cpu().contiguous();
    const int64_t* row = some.const_data_ptr<int64_t>();
    std::vector<int64_t> n_of(static_cast<size_t>(column.values().length()) + 1, 0);
    const Codes codes = column.codes();
    for (int64_t i = 0; i < some.numel(); ++i) ++n_of[static_cast<size_t>(codes[row[i]] + 1)];
    SeenValues seen;
    seen.missing = n_of.front();
    for (int64_t code = 0; code < column.values().length(); ++code) {
        const int64_t n = n_of[static_cast<size_t>(code) + 1];
        if (n > 0) seen.add(vocabulary, column.values().GetView(code), n);
    }
    return seen;
}

SeenValues seen_values(const EncodedColumn& column, const Vocabulary& vocabulary) {
    return seen_values(column, vocabulary, at::arange(column.rows()));
}

Vocabulary fit_vocabulary(const EncodedColumn& column, const std::vector<char>& wanted) {
    std::vector<std::string> values = distinct_values(column, wanted);
    const auto is_word = [](const std::string& value) { return is_missing_word(without_blanks(value)); };
    if (column.has_missing_words() || std::none_of(values.begin(), values.end(), is_word)) {
        return Vocabulary::fit(std::move(values));
    }
    // A word like any other, beside which integers are no numbers.
    std::erase_if(values, [](const auto& value) { return value.empty() || value == Vocabulary::kMissing; });
    std::sort(values.begin(), values.end());
    values.emplace(values.begin(), Vocabulary::kMissing);
    return Vocabulary::from_names(std::move(values));
}

Vocabulary fit_ids(const EncodedColumn& column, const std::vector<char>& wanted) {
    return Vocabulary::fit_ids(distinct_values(column, wanted));
}

}  // namespace embark
