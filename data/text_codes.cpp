#include "text_codes.h"

#include <string_view>
#include <unordered_map>
#include <vector>

#include "arrow_utils.h"

namespace embark {

namespace {

using Column = std::shared_ptr<arrow::ChunkedArray>;

constexpr int32_t kUnused = -1;

const arrow::DictionaryArray& coded_chunk(const std::shared_ptr<arrow::Array>& chunk) {
    return static_cast<const arrow::DictionaryArray&>(*chunk);
}

const int32_t* codes_of(const arrow::DictionaryArray& chunk) {
    return static_cast<const arrow::Int32Array&>(*chunk.indices()).raw_values();
}

std::shared_ptr<arrow::DataType> coded_type() {
    return arrow::dictionary(arrow::int32(), arrow::utf8());
}

/// Whether all chunks have the same dictionary, and every value of it is used.
bool is_compact(const arrow::ChunkedArray& coded) {
    if (coded.num_chunks() == 0) return false;
    const auto& dictionary = coded_chunk(coded.chunk(0)).dictionary();
    std::vector<char> used(static_cast<size_t>(dictionary->length()), 0);
    int64_t n_used = 0;
    for (const auto& chunk : coded.chunks()) {
        const auto& values = coded_chunk(chunk);
        if (values.dictionary() != dictionary) return false;
        const int32_t* codes = codes_of(values);
        for (int64_t i = 0; i < values.length(); ++i) {
            if (values.IsNull(i)) continue;
            char& is_used = used[static_cast<size_t>(codes[i])];
            n_used += is_used == 0 ? 1 : 0;
            is_used = 1;
        }
    }
    return n_used == dictionary->length();
}

/// Gives values their codes, in the order in which they come.
class Coder {
public:
    /// The codes of a chunk. It must outlive the coder.
    std::shared_ptr<arrow::Array> code(const arrow::DictionaryArray& chunk) {
        const auto& texts = static_cast<const arrow::StringArray&>(*chunk.dictionary());
        if (&texts != dictionary_) {
            dictionary_ = &texts;
            new_codes_.assign(static_cast<size_t>(texts.length()), kUnused);
        }
        arrow::Int32Builder builder;
        require_arrow(builder.Reserve(chunk.length()), "Cannot code a column");
        const int32_t* codes = codes_of(chunk);
        for (int64_t i = 0; i < chunk.length(); ++i) {
            if (chunk.IsNull(i)) {
                builder.UnsafeAppendNull();
                continue;
            }
            int32_t& code = new_codes_[static_cast<size_t>(codes[i])];
            if (code == kUnused) code = code_of(texts.GetView(codes[i]));
            builder.UnsafeAppend(code);
        }
        return arrow_value(builder.Finish(), "Cannot code a column");
    }

    std::shared_ptr<arrow::Array> dictionary() { return arrow_value(texts_.Finish(), "Cannot code a column"); }

private:
    int32_t code_of(std::string_view text) {
        const auto [found, is_new] = codes_.emplace(text, static_cast<int32_t>(codes_.size()));
        if (is_new) require_arrow(texts_.Append(text), "Cannot code a column");
        return found->second;
    }

    std::unordered_map<std::string_view, int32_t> codes_;
    arrow::StringBuilder texts_;
    const arrow::StringArray* dictionary_ = nullptr;
    /// Of the values of dictionary_.
    std::vector<int32_t> new_codes_;
};

Column with_one_dictionary(const Column& coded) {
    if (is_compact(*coded)) return coded;
    Coder coder;
    arrow::ArrayVector codes;
    for (const auto& chunk : coded->chunks()) codes.push_back(coder.code(coded_chunk(chunk)));
    const auto dictionary = coder.dictionary();
    arrow::ArrayVector chunks;
    for (const auto& chunk : codes) {
        chunks.push_back(std::make_shared<arrow::DictionaryArray>(coded_type(), chunk, dictionary));
    }
    return std::make_shared<arrow::ChunkedArray>(std::move(chunks), coded_type());
}

}  // namespace

Column code_texts(const Column& texts) {
    if (is_coded_text(*texts->type())) return with_one_dictionary(texts);
    require_arrow_compute();
    return with_one_dictionary(
        arrow_value(arrow::compute::DictionaryEncode(texts), "Cannot code a column").chunked_array());
}

std::shared_ptr<arrow::StringArray> dictionary_of(const arrow::ChunkedArray& coded) {
    const auto values = coded.num_chunks() == 0 ? text_array({}) : coded_chunk(coded.chunk(0)).dictionary();
    return std::static_pointer_cast<arrow::StringArray>(values);
}

Column map_coded_texts(const Column& coded, const TextMap& map) {
    const auto texts = map(std::make_shared<arrow::ChunkedArray>(dictionary_of(*coded)));
    const Column mapped = code_texts(texts);
    const auto dictionary = dictionary_of(*mapped);
    arrow::ArrayVector new_codes;
    for (const auto& chunk : mapped->chunks()) new_codes.push_back(coded_chunk(chunk).indices());
    const auto code_of = std::make_shared<arrow::ChunkedArray>(std::move(new_codes), arrow::int32());

    arrow::ArrayVector chunks;
    for (const auto& chunk : coded->chunks()) {
        const auto codes =
            arrow_value(arrow::compute::Take(code_of, coded_chunk(chunk).indices()), "Cannot code a column");
        for (const auto& part : codes.chunked_array()->chunks()) {
            chunks.push_back(std::make_shared<arrow::DictionaryArray>(coded_type(), part, dictionary));
        }
    }
    return std::make_shared<arrow::ChunkedArray>(std::move(chunks), coded_type());
}

}  // namespace embark
