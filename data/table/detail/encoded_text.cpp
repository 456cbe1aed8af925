#include "encoded_text.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/buffer_builder.h>

#include "../../../core/text.h"
#include "arrow_utils.h"

namespace embark {

namespace {

constexpr const char* kEncodingFailure = "Cannot encode a column";

const arrow::DictionaryArray& as_encoded(const arrow::Array& chunk) {
    return static_cast<const arrow::DictionaryArray&>(chunk);
}

std::shared_ptr<arrow::Array> one_chunk(const arrow::ArrayVector& chunks) {
    return chunks.size() == 1 ? chunks.front() : arrow_value(arrow::Concatenate(chunks), kEncodingFailure);
}

ArrowColumn encoded_column(std::shared_ptr<arrow::Array> codes, std::shared_ptr<arrow::Array> dictionary) {
    return std::make_shared<arrow::ChunkedArray>(std::make_shared<arrow::DictionaryArray>(
        arrow::dictionary(arrow::int32(), arrow::utf8()), std::move(codes), std::move(dictionary)));
}

/// The numbers of texts that are all plain integers; none where one is missing or anything else.
std::vector<int64_t> plain_integers(const arrow::ChunkedArray& texts) {
    std::vector<int64_t> numbers;
    if (texts.type()->id() != arrow::Type::STRING || texts.null_count() > 0) return numbers;
    numbers.reserve(static_cast<size_t>(texts.length()));
    visit_text(texts, [&](int64_t, std::optional<std::string_view> text) {
        const auto number = is_plain_integer(*text) ? parse_int(*text) : std::nullopt;
        if (number) numbers.push_back(*number);
        return number.has_value();
    });
    if (std::ssize(numbers) < texts.length()) numbers.clear();
    return numbers;
}

/// The column of these integers as text, values numbered as they first appear, where they lie close together; null where
/// they do not, or there are none. By places in an array rather than by hashes of texts, as Arrow does it, since ids of
/// users and items are the columns that reading spends its time on.
ArrowColumn encode_close_integers(const std::vector<int64_t>& numbers) {
    if (numbers.empty()) return nullptr;
    const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
    const uint64_t range = static_cast<uint64_t>(*high) - static_cast<uint64_t>(*low);
    if (range > 2 * numbers.size()) return nullptr;
    std::vector<int32_t> code_of(range + 1, -1);
    arrow::StringBuilder distinct;
    arrow::TypedBufferBuilder<int32_t> codes;
    require_arrow(codes.Reserve(std::ssize(numbers)), kEncodingFailure);
    for (const int64_t number : numbers) {
        int32_t& code = code_of[static_cast<size_t>(number - *low)];
        if (code < 0) {
            code = static_cast<int32_t>(distinct.length());
            require_arrow(distinct.Append(std::to_string(number)), kEncodingFailure);
        }
        codes.UnsafeAppend(code);
    }
    auto array = std::make_shared<arrow::Int32Array>(std::ssize(numbers), arrow_value(codes.Finish(), kEncodingFailure));
    return encoded_column(std::move(array), arrow_value(distinct.Finish(), kEncodingFailure));
}

/// The values of a column, numbered as they first appear.
ArrowColumn dictionary_encode(const ArrowColumn& values) {
    const auto encoded = arrow_value(arrow::compute::DictionaryEncode(values), kEncodingFailure).chunked_array();
    arrow::ArrayVector codes;
    for (const auto& chunk : encoded->chunks()) codes.push_back(as_encoded(*chunk).indices());
    auto dictionary = as_encoded(*encoded->chunk(0)).dictionary();  // that of all chunks
    if (dictionary->type_id() != arrow::Type::STRING) {
        dictionary = arrow_value(arrow::compute::Cast(*dictionary, arrow::utf8()), kEncodingFailure);
    }
    return encoded_column(one_chunk(codes), std::move(dictionary));
}

/// Whether every value of the dictionary stands in the column.
bool is_compact(const arrow::ChunkedArray& encoded) {
    std::vector<char> used(static_cast<size_t>(dictionary_of(encoded).length()), 0);
    size_t n_used = 0;
    const Codes codes(encoded);
    for (int64_t row = 0, n = codes.size(); row < n && n_used < used.size(); ++row) {
        const int32_t code = codes[row];
        if (code < 0 || used[static_cast<size_t>(code)]) continue;
        used[static_cast<size_t>(code)] = 1;
        ++n_used;
    }
    return n_used == used.size();
}

/// The same column with the values that stand in it alone, numbered as they first appear.
ArrowColumn compacted(const arrow::DictionaryArray& encoded) {
    const auto used = arrow_value(arrow::compute::DictionaryEncode(encoded.indices()), kEncodingFailure).make_array();
    const auto dictionary =
        arrow_value(arrow::compute::Take(encoded.dictionary(), as_encoded(*used).dictionary()), kEncodingFailure);
    return encoded_column(as_encoded(*used).indices(), dictionary.make_array());
}

ArrowColumn of_no_rows() {
    return std::make_shared<arrow::ChunkedArray>(
        arrow_value(arrow::MakeEmptyArray(arrow::dictionary(arrow::int32(), arrow::utf8())), kEncodingFailure));
}

}  // namespace

ArrowColumn encode_texts(const ArrowColumn& texts) {
    require_arrow_compute();
    if (texts->length() == 0) return of_no_rows();
    if (!is_encoded_text(*texts->type())) {
        const ArrowColumn counted = encode_close_integers(plain_integers(*texts));
        return counted ? counted : dictionary_encode(texts);
    }
    const auto whole = std::make_shared<arrow::ChunkedArray>(one_chunk(texts->chunks()));
    return is_compact(*whole) ? whole : compacted(encoded_array(*whole));
}

ArrowColumn encode_integers(const ArrowColumn& numbers) {
    require_arrow_compute();
    return numbers->length() == 0 ? of_no_rows() : dictionary_encode(numbers);
}

const arrow::DictionaryArray& encoded_array(const arrow::ChunkedArray& encoded) {
    return as_encoded(*encoded.chunk(0));
}

const arrow::StringArray& dictionary_of(const arrow::ChunkedArray& encoded) {
    return static_cast<const arrow::StringArray&>(*encoded_array(encoded).dictionary());
}

Codes::Codes(const arrow::ChunkedArray& encoded)
    : codes_(static_cast<const arrow::Int32Array*>(encoded_array(encoded).indices().get())),
      any_missing_(codes_->null_count() > 0) {}

std::vector<int64_t> rows_of_values(const Codes& codes, int64_t n_values) {
    std::vector<int64_t> rows(static_cast<size_t>(n_values), 0);
    for (int64_t row = 0; row < codes.size(); ++row) {
        if (const int32_t code = codes[row]; code >= 0) ++rows[static_cast<size_t>(code)];
    }
    return rows;
}

ArrowColumn map_encoded_texts(const ArrowColumn& encoded, const TextMap& map) {
    const ArrowColumn mapped =
        encode_texts(map(std::make_shared<arrow::ChunkedArray>(encoded_array(*encoded).dictionary())));
    const arrow::DictionaryArray& code_of = encoded_array(*mapped);
    const auto codes =
        arrow_value(arrow::compute::Take(code_of.indices(), encoded_array(*encoded).indices()), kEncodingFailure);
    return encoded_column(codes.make_array(), code_of.dictionary());
}

}  // namespace embark
