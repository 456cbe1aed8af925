#include "text_codes.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "arrow_utils.h"
#include "text_dictionary.h"

namespace embark {

namespace {

using Column = std::shared_ptr<arrow::ChunkedArray>;

constexpr const char* kCodingFailure = "Cannot code a column";

const arrow::DictionaryArray& as_coded(const arrow::Array& chunk) {
    return static_cast<const arrow::DictionaryArray&>(chunk);
}

const arrow::Int32Array& codes_of(const arrow::DictionaryArray& chunk) {
    return static_cast<const arrow::Int32Array&>(*chunk.indices());
}

Column coded_column(std::shared_ptr<arrow::Array> codes, std::shared_ptr<arrow::Array> dictionary) {
    return std::make_shared<arrow::ChunkedArray>(std::make_shared<arrow::DictionaryArray>(
        arrow::dictionary(arrow::int32(), arrow::utf8()), std::move(codes), std::move(dictionary)));
}

/// Whether there is one chunk, and it has every value of its dictionary.
bool is_compact(const arrow::ChunkedArray& coded) {
    if (coded.num_chunks() != 1) return false;
    std::vector<char> used(static_cast<size_t>(dictionary_of(coded).length()), 0);
    size_t n_used = 0;
    const Codes codes(coded);
    for (int64_t row = 0, n = codes.size(); row < n && n_used < used.size(); ++row) {
        const int32_t code = codes[row];
        if (code < 0 || used[static_cast<size_t>(code)]) continue;
        used[static_cast<size_t>(code)] = 1;
        ++n_used;
    }
    return n_used == used.size();
}

}  // namespace

struct TextCoder::Impl {
    explicit Impl(const std::vector<std::string>& missing_words) : dictionary_(missing_words) {}

    void reserve(int64_t n_rows) { require_arrow(codes_.Resize(std::max(n_rows, codes_.length())), kCodingFailure); }

    void add(const arrow::Array& chunk) {
        if (is_coded_text(*chunk.type())) return add_coded(as_coded(chunk));
        const auto& texts = static_cast<const arrow::StringArray&>(chunk);
        const std::span<int32_t> codes = next_codes(chunk.length());
        for (int64_t row = 0; row < chunk.length(); ++row) {
            codes[static_cast<size_t>(row)] =
                chunk.IsNull(row) ? kMissingCode : dictionary_.code_of(texts.GetView(row));
        }
        count_missing(codes);
    }

    void add(std::span<const std::string_view> texts) {
        const std::span<int32_t> codes = next_codes(std::ssize(texts));
        dictionary_.put_codes(texts, codes.data());
        count_missing(codes);
    }

    void append(const Impl& next) {
        std::vector<int32_t> new_codes = {kMissingCode};
        for (const std::string& text : next.dictionary_.texts()) new_codes.push_back(dictionary_.code_of(text));
        static_assert(kMissingCode == -1);
        std::transform(next.codes_.data(), next.codes_.data() + next.codes_.length(),
                       next_codes(next.codes_.length()).begin(),
                       [code_after_missing = new_codes.data() + 1](int32_t code) { return code_after_missing[code]; });
        n_missing_ += next.n_missing_;
    }

    Column finish() {
        arrow::StringBuilder dictionary;
        for (const std::string& text : dictionary_.texts()) require_arrow(dictionary.Append(text), kCodingFailure);
        const int64_t n_rows = codes_.length();
        const auto present = n_missing_ > 0 ? present_rows() : nullptr;
        const auto codes = std::make_shared<arrow::Int32Array>(n_rows, arrow_value(codes_.Finish(), kCodingFailure),
                                                               present, n_missing_);
        return coded_column(codes, arrow_value(dictionary.Finish(), kCodingFailure));
    }

private:
    /// Room for the codes of the next `n` rows.
    std::span<int32_t> next_codes(int64_t n) {
        require_arrow(codes_.Reserve(n), kCodingFailure);
        int32_t* codes = codes_.mutable_data() + codes_.length();
        codes_.bytes_builder()->UnsafeAdvance(n * static_cast<int64_t>(sizeof(int32_t)));
        return {codes, static_cast<size_t>(n)};
    }

    void count_missing(std::span<const int32_t> codes) {
        n_missing_ += std::count(codes.begin(), codes.end(), kMissingCode);
    }

    void add_coded(const arrow::DictionaryArray& chunk) {
        const auto& texts = static_cast<const arrow::StringArray&>(*chunk.dictionary());
        const auto& old_codes = codes_of(chunk);
        std::vector<int32_t> new_codes(static_cast<size_t>(texts.length()), kUnusedCode);
        const auto new_code = [&](int32_t old_code) {
            int32_t& code = new_codes[static_cast<size_t>(old_code)];
            if (code == kUnusedCode) code = dictionary_.code_of(texts.GetView(old_code));
            return code;
        };
        const std::span<int32_t> codes = next_codes(chunk.length());
        for (int64_t row = 0; row < chunk.length(); ++row) {
            codes[static_cast<size_t>(row)] = chunk.IsNull(row) ? kMissingCode : new_code(old_codes.Value(row));
        }
        count_missing(codes);
    }

    /// One bit a row, set where it has a value.
    std::shared_ptr<arrow::Buffer> present_rows() {
        arrow::TypedBufferBuilder<bool> present;
        require_arrow(present.Reserve(codes_.length()), kCodingFailure);
        for (int64_t row = 0; row < codes_.length(); ++row) present.UnsafeAppend(codes_.data()[row] != kMissingCode);
        return arrow_value(present.Finish(), kCodingFailure);
    }

    TextDictionary dictionary_;
    arrow::TypedBufferBuilder<int32_t> codes_;
    int64_t n_missing_ = 0;
};

TextCoder::TextCoder(const std::vector<std::string>& missing_words) : impl_(std::make_unique<Impl>(missing_words)) {}
TextCoder::~TextCoder() = default;
TextCoder::TextCoder(TextCoder&&) noexcept = default;
TextCoder& TextCoder::operator=(TextCoder&&) noexcept = default;

void TextCoder::reserve(int64_t n_rows) {
    impl_->reserve(n_rows);
}

void TextCoder::add(const arrow::Array& chunk) {
    impl_->add(chunk);
}

void TextCoder::add(std::span<const std::string_view> texts) {
    impl_->add(texts);
}

void TextCoder::append(const TextCoder& next) {
    impl_->append(*next.impl_);
}

Column TextCoder::finish() {
    return impl_->finish();
}

Column code_texts(const Column& texts) {
    if (is_coded_text(*texts->type()) && is_compact(*texts)) return texts;
    TextCoder coder;
    for (const auto& chunk : texts->chunks()) coder.add(*chunk);
    return coder.finish();
}

Column code_integers(const Column& numbers) {
    require_arrow_compute();
    const auto flat = arrow_value(arrow::Concatenate(numbers->chunks()), kCodingFailure);
    const auto coded = arrow_value(arrow::compute::DictionaryEncode(flat), kCodingFailure).make_array();
    const auto texts = arrow_value(arrow::compute::Cast(as_coded(*coded).dictionary(), arrow::utf8()), kCodingFailure);
    return coded_column(as_coded(*coded).indices(), texts.make_array());
}

const arrow::DictionaryArray& coded_array(const arrow::ChunkedArray& coded) {
    return as_coded(*coded.chunk(0));
}

const arrow::StringArray& dictionary_of(const arrow::ChunkedArray& coded) {
    return static_cast<const arrow::StringArray&>(*coded_array(coded).dictionary());
}

Codes::Codes(const arrow::ChunkedArray& coded)
    : codes_(&codes_of(coded_array(coded))), any_missing_(codes_->null_count() > 0) {}

Column map_coded_texts(const Column& coded, const TextMap& map) {
    const Column mapped = code_texts(map(std::make_shared<arrow::ChunkedArray>(coded_array(*coded).dictionary())));
    const arrow::DictionaryArray& code_of = coded_array(*mapped);
    const auto codes =
        arrow_value(arrow::compute::Take(code_of.indices(), coded_array(*coded).indices()), kCodingFailure);
    return coded_column(codes.make_array(), code_of.dictionary());
}

}  // namespace embark
