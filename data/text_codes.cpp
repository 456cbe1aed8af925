#include "text_codes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>
#include <utility>
#include <vector>

#include "arrow_utils.h"

namespace embark {

namespace {

using Column = std::shared_ptr<arrow::ChunkedArray>;

constexpr int32_t kMissing = -1;  // the code of a missing value
constexpr int32_t kUnused = -2;   // where there is no code yet
constexpr const char* kFailure = "Cannot code a column";

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

/// The number that a short text of digits stands for, written as a number is; -1 for any other text, 007 too.
int32_t small_number(std::string_view text) {
    constexpr size_t kMostDigits = 7;
    if (text.empty() || text.size() > kMostDigits || (text[0] == '0' && text.size() > 1)) return -1;
    int32_t number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return -1;
        number = 10 * number + (c - '0');
    }
    return number;
}

template <class Word>
uint64_t load(const char* bytes) {
    Word word;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

/// Codes of texts of up to 16 bytes, found by a comparison of two numbers.
class ShortTextCodes {
public:
    static constexpr size_t kLongest = 16;

    /// The place for the code of `text`, which is kUnused where the text is new; it is to be set before the next call.
    int32_t& operator[](std::string_view text) {
        if (2 * n_used_ >= entries_.size()) grow();
        const Key key = key_of(text);
        Entry& entry = entries_[position(key)];
        if (entry.code == kUnused) {
            entry.key = key;
            ++n_used_;
        }
        return entry.code;
    }

private:
    /// All bytes of a text, some of them perhaps twice: which, its size tells.
    struct Key {
        uint64_t head = 0, tail = 0, size = 0;
        bool operator==(const Key&) const = default;
    };

    struct Entry {
        Key key;
        int32_t code = kUnused;
    };

    static Key key_of(std::string_view text) {
        const char* bytes = text.data();
        const size_t n = text.size();
        if (n > 8) return {load<uint64_t>(bytes), load<uint64_t>(bytes + n - 8), n};
        if (n >= 4) return {load<uint32_t>(bytes), load<uint32_t>(bytes + n - 4), n};
        if (n == 0) return {};
        return {load<uint8_t>(bytes), load<uint8_t>(bytes + n / 2) << 8 | load<uint8_t>(bytes + n - 1), n};
    }

    /// Where `key` is, or would be.
    size_t position(const Key& key) const {
        constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // 2^64 over the golden ratio (Knuth)
        const uint64_t mixed = ((key.head ^ key.size) * kMultiplier ^ key.tail) * kMultiplier;
        const size_t last = entries_.size() - 1;
        size_t i = static_cast<size_t>(mixed >> 32) & last;
        while (entries_[i].code != kUnused && entries_[i].key != key) i = (i + 1) & last;
        return i;
    }

    void grow() {
        const std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(2 * entries_.size()));
        for (const Entry& entry : old) {
            if (entry.code != kUnused) entries_[position(entry.key)] = entry;
        }
    }

    std::vector<Entry> entries_ = std::vector<Entry>(256);  // as many as a power of 2
    size_t n_used_ = 0;
};

}  // namespace

struct TextCoder::Impl {
    explicit Impl(const std::vector<std::string>& missing_words) {
        for (const std::string& word : missing_words) place_of(word, small_number(word)) = kMissing;
    }

    void reserve(int64_t n_rows) { require_arrow(codes_.Resize(std::max(n_rows, codes_.length())), kFailure); }

    void add(const arrow::Array& chunk) {
        make_room(chunk.length());
        if (is_coded_text(*chunk.type())) return add_coded(as_coded(chunk));
        const auto& texts = static_cast<const arrow::StringArray&>(chunk);
        for (int64_t row = 0; row < chunk.length(); ++row) {
            put(chunk.IsNull(row) ? kMissing : code_of(texts.GetView(row)));
        }
    }

    void add(std::span<const std::string_view> texts) {
        // Codes of numbers are asked for some values ahead: they lie anywhere in an array larger than the near caches.
        constexpr size_t kAhead = 64;
        std::array<int32_t, kAhead> numbers;
        make_room(std::ssize(texts));
        while (!texts.empty()) {
            const auto some = texts.first(std::min(kAhead, texts.size()));
            for (size_t i = 0; i < some.size(); ++i) {
                numbers[i] = small_number(some[i]);
                if (has_place(numbers[i])) __builtin_prefetch(&codes_of_numbers_[static_cast<size_t>(numbers[i])]);
            }
            for (size_t i = 0; i < some.size(); ++i) put(code_of(some[i], numbers[i]));
            texts = texts.subspan(some.size());
        }
    }

    void append(const Impl& next) {
        std::vector<int32_t> new_codes;
        for (const std::string& text : next.texts_) new_codes.push_back(code_of(text));
        make_room(next.codes_.length());
        for (const int32_t code : std::span(next.codes_.data(), static_cast<size_t>(next.codes_.length()))) {
            put(code == kMissing ? kMissing : new_codes[static_cast<size_t>(code)]);
        }
    }

    Column finish() {
        arrow::StringBuilder dictionary;
        for (const auto& text : texts_) require_arrow(dictionary.Append(text), kFailure);
        const int64_t n_rows = codes_.length();
        const auto present = n_missing_ > 0 ? present_rows() : nullptr;
        const auto codes =
            std::make_shared<arrow::Int32Array>(n_rows, arrow_value(codes_.Finish(), kFailure), present, n_missing_);
        return coded_column(codes, arrow_value(dictionary.Finish(), kFailure));
    }

private:
    void make_room(int64_t n_rows) { require_arrow(codes_.Reserve(n_rows), kFailure); }

    void put(int32_t code) {
        codes_.UnsafeAppend(code);
        n_missing_ += code == kMissing;
    }

    void add_coded(const arrow::DictionaryArray& chunk) {
        const auto& texts = static_cast<const arrow::StringArray&>(*chunk.dictionary());
        const auto& old_codes = codes_of(chunk);
        std::vector<int32_t> new_codes(static_cast<size_t>(texts.length()), kUnused);
        const auto new_code = [&](int32_t old_code) {
            int32_t& code = new_codes[static_cast<size_t>(old_code)];
            if (code == kUnused) code = code_of(texts.GetView(old_code));
            return code;
        };
        for (int64_t row = 0; row < chunk.length(); ++row) {
            put(chunk.IsNull(row) ? kMissing : new_code(old_codes.Value(row)));
        }
    }

    /// One bit a row, set where it has a value.
    std::shared_ptr<arrow::Buffer> present_rows() {
        arrow::TypedBufferBuilder<bool> present;
        require_arrow(present.Reserve(codes_.length()), kFailure);
        for (int64_t row = 0; row < codes_.length(); ++row) present.UnsafeAppend(codes_.data()[row] != kMissing);
        return arrow_value(present.Finish(), kFailure);
    }

    int32_t code_of(std::string_view text) { return code_of(text, small_number(text)); }

    /// `number` is small_number's of `text`.
    int32_t code_of(std::string_view text, int32_t number) {
        int32_t& code = place_of(text, number);
        if (code == kUnused) {
            code = static_cast<int32_t>(texts_.size());
            texts_.emplace_back(text);
        }
        return code;
    }

    /// Most values are short, and most ids whole numbers: either is found several times quicker than by a hash of its
    /// text.
    int32_t& place_of(std::string_view text, int32_t number) {
        if (number >= 0) return place_of_number(number);
        if (text.size() <= ShortTextCodes::kLongest) return codes_of_short_texts_[text];
        const auto found = codes_of_long_texts_.find(text);
        if (found != codes_of_long_texts_.end()) return found->second;
        return codes_of_long_texts_.emplace(text, kUnused).first->second;
    }

    bool has_place(int32_t number) const {
        return number >= 0 && static_cast<size_t>(number) < codes_of_numbers_.size();
    }

    int32_t& place_of_number(int32_t number) {
        const auto position = static_cast<size_t>(number);
        if (!has_place(number)) codes_of_numbers_.resize(position + position / 2 + 1, kUnused);
        return codes_of_numbers_[position];
    }

    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    arrow::TypedBufferBuilder<int32_t> codes_;
    int64_t n_missing_ = 0;
    /// The dictionary.
    std::vector<std::string> texts_;
    std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> codes_of_long_texts_;
    ShortTextCodes codes_of_short_texts_;
    std::vector<int32_t> codes_of_numbers_;
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
    const auto flat = arrow_value(arrow::Concatenate(numbers->chunks()), kFailure);
    const auto coded = arrow_value(arrow::compute::DictionaryEncode(flat), kFailure).make_array();
    const auto texts = arrow_value(arrow::compute::Cast(as_coded(*coded).dictionary(), arrow::utf8()), kFailure);
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
    const auto codes = arrow_value(arrow::compute::Take(code_of.indices(), coded_array(*coded).indices()), kFailure);
    return coded_column(codes.make_array(), code_of.dictionary());
}

}  // namespace embark
