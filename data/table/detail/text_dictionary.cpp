#include "text_dictionary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace embark {

namespace {

static_assert(std::endian::native == std::endian::little);

template <class Word>
uint64_t load(const char* bytes) {
    Word word;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

constexpr size_t kLookUpBlock = 64;
constexpr size_t kHalf = sizeof(uint32_t);

/// Four to eight bytes of text, the last of them highest, above zeros: in two halves that may overlap.
uint64_t word_of(std::string_view text) {
    const uint64_t first = load<uint32_t>(text.data()) << 8 * (2 * kHalf - text.size());
    const uint64_t last = load<uint32_t>(text.data() + text.size() - kHalf);
    return (first & 0xFFFFFFFF) | last << 32;
}

/// The number that up to three digits stand for; -1 for any other text.
int32_t few_digits(std::string_view digits) {
    int32_t number = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return -1;
        number = 10 * number + (c - '0');
    }
    return number;
}

/// The same of four to eight digits, all at once.
int32_t many_digits(std::string_view digits) {
    constexpr uint64_t kEveryByte = 0x0101010101010101;
    const size_t unused_bits = 8 * (2 * kHalf - digits.size());
    const uint64_t zeros = kEveryByte * '0' >> unused_bits << unused_bits;
    uint64_t number = word_of(digits) ^ zeros;
    // What is above 9 gets its highest bit set by so much as makes 128 of 10.
    if (((number + kEveryByte * (128 - 10)) | number) & kEveryByte * 128) return -1;
    // Of two neighbours one number of up to 99, of two of these one of up to 9999, and one of all.
    number = (number * 10 + (number >> 8)) & 0x00FF00FF00FF00FF;
    number = (number * 100 + (number >> 16)) & 0x0000FFFF0000FFFF;
    return static_cast<int32_t>((number * 10000 + (number >> 32)) & 0xFFFFFFFF);
}

/// The number that a short text of digits stands for, written as a number is; -1 for any other text, 007 too.
inline int32_t small_number(std::string_view text) {
    constexpr size_t kMostDigits = 7;
    if (text.empty() || text.size() > kMostDigits || (text[0] == '0' && text.size() > 1)) return -1;
    return text.size() < kHalf ? few_digits(text) : many_digits(text);
}

}  // namespace

inline ShortTextCodes::Key ShortTextCodes::key_of(std::string_view text) {
    const char* bytes = text.data();
    const size_t n = text.size();
    // The lowest byte of `tail` is the size: it has room there, or `head` has the byte that it takes the place of.
    if (n >= 2 * kHalf) return {load<uint64_t>(bytes), (load<uint64_t>(bytes + n - 2 * kHalf) & ~uint64_t{0xFF}) | n};
    if (n >= kHalf) return {0, word_of(text) | n};
    if (n == 0) return {};
    return {0, load<uint8_t>(bytes) << 24 | load<uint8_t>(bytes + n / 2) << 16 | load<uint8_t>(bytes + n - 1) << 8 | n};
}

/// Where `key` is, or would be.
inline size_t ShortTextCodes::position(const Key& key) const {
    constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // 2^64 over the golden ratio: Knuth's multiplicative hash,
    const uint64_t mixed = (key.head * kMultiplier ^ key.tail) * kMultiplier;  // whose highest bits are the best
    const size_t last = (size_t{1} << bits_) - 1;
    size_t i = mixed >> (64 - bits_);
    while (entries_[i].code != kUnusedCode && entries_[i].key != key) i = (i + 1) & last;
    return i;
}

inline int32_t& ShortTextCodes::operator[](std::string_view text) {
    if (2 * n_used_ >> bits_ > 0) grow();
    const Key key = key_of(text);
    Entry& entry = entries_[position(key)];
    if (entry.code == kUnusedCode) {
        entry.key = key;
        ++n_used_;
    }
    return entry.code;
}

[[gnu::noinline]] void ShortTextCodes::grow() {
    const std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(size_t{1} << ++bits_));
    for (const Entry& entry : old) {
        if (entry.code != kUnusedCode) entries_[position(entry.key)] = entry;
    }
}

TextDictionary::TextDictionary(const std::vector<std::string>& missing_words) : missing_words_(missing_words) {
    for (const std::string& word : missing_words_) place_of(word, small_number(word)) = kMissingCode;
}

int32_t TextDictionary::code_of(std::string_view text) {
    return code_of(text, small_number(text));
}

void TextDictionary::put_codes(std::span<const std::string_view> texts, int32_t* codes) {
    while (!texts.empty()) {
        const size_t n = std::min(kLookUpBlock, texts.size());
        put_block(texts.first(n), codes);
        texts = texts.subspan(n);
        codes += n;
    }
}

void TextDictionary::put_block(std::span<const std::string_view> texts, int32_t* codes) {
    // Codes of numbers are asked for some values ahead: they lie anywhere in an array larger than the near caches.
    std::array<int32_t, kLookUpBlock> numbers;
    bool known = true;
    for (size_t i = 0; i < texts.size(); ++i) {
        numbers[i] = small_number(texts[i]);
        const bool has_place = static_cast<uint32_t>(numbers[i]) < codes_of_numbers_.size();
        if (has_place) __builtin_prefetch(&codes_of_numbers_[static_cast<size_t>(numbers[i])]);
        known &= has_place;
    }
    if (known && put_known_numbers(std::span(numbers).first(texts.size()), codes)) return;
    for (size_t i = 0; i < texts.size(); ++i) codes[i] = code_of(texts[i], numbers[i]);
}

/// False where one of them has no code yet.
bool TextDictionary::put_known_numbers(std::span<const int32_t> numbers, int32_t* codes) const {
    const int32_t* code_of = codes_of_numbers_.data();
    int32_t least = 0;
    for (size_t i = 0; i < numbers.size(); ++i) {
        codes[i] = code_of[numbers[i]];
        least = std::min(least, codes[i]);
    }
    return least != kUnusedCode;
}

/// `number` is small_number's of `text`.
inline int32_t TextDictionary::code_of(std::string_view text, int32_t number) {
    int32_t& code = place_of(text, number);
    if (code == kUnusedCode) add(text, code);
    return code;
}

[[gnu::noinline]] void TextDictionary::add(std::string_view text, int32_t& code) {
    code = static_cast<int32_t>(texts_.size());
    texts_.emplace_back(text);
}

/// Makes room for `place` where there are texts enough for it: numbers that lie far apart would take more memory than
/// their column, and are kept as any other text.
[[gnu::noinline]] bool TextDictionary::has_room_for(size_t place) {
    constexpr size_t kAlways = 1 << 16, kPlacesOfText = 16;
    if (place >= std::max(kAlways, kPlacesOfText * texts_.size())) return false;
    const size_t before = codes_of_numbers_.size();
    codes_of_numbers_.resize(place + place / 2 + 1, kUnusedCode);
    const auto move_here = [&](const std::string& text, int32_t code) {
        const auto number = static_cast<size_t>(small_number(text));
        if (number >= before && number < codes_of_numbers_.size()) codes_of_numbers_[number] = code;
    };
    for (size_t code = 0; code < texts_.size(); ++code) move_here(texts_[code], static_cast<int32_t>(code));
    for (const std::string& word : missing_words_) move_here(word, kMissingCode);
    return true;
}

inline int32_t& TextDictionary::place_of(std::string_view text, int32_t number) {
    if (number >= 0) {
        const auto place = static_cast<size_t>(number);
        if (place < codes_of_numbers_.size() || has_room_for(place)) return codes_of_numbers_[place];
    }
    if (text.size() <= ShortTextCodes::kLongest) return codes_of_short_texts_[text];
    const auto found = codes_of_long_texts_.find(text);
    if (found != codes_of_long_texts_.end()) return found->second;
    return codes_of_long_texts_.emplace(text, kUnusedCode).first->second;
}

}  // namespace embark
