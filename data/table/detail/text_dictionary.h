#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace embark {

inline constexpr int32_t kMissingCode = -1;  // of a missing value
inline constexpr int32_t kUnusedCode = -2;   // where there is no code yet

/// Codes of texts of up to 15 bytes, found by a comparison of two numbers.
class ShortTextCodes {
public:
    static constexpr size_t kLongest = 15;

    /// The place for the code of `text`, which is kUnusedCode where the text is new; it is to be set before the next
    /// call.
    int32_t& operator[](std::string_view text);

private:
    /// The bytes of a text and its size.
    struct Key {
        uint64_t head = 0, tail = 0;
        bool operator==(const Key&) const = default;
    };

    struct Entry {
        Key key;
        int32_t code = kUnusedCode;
    };

    static Key key_of(std::string_view text);
    size_t position(const Key& key) const;
    void grow();

    int bits_ = 8;
    std::vector<Entry> entries_ = std::vector<Entry>(size_t{1} << bits_);
    size_t n_used_ = 0;
};

/// Distinct texts, each with a code: how many came before it. Most values of a column are short, and most ids whole
/// numbers; these are found several times faster than by a hash of their text.
class TextDictionary {
public:
    /// `missing_words` stand for a missing value.
    explicit TextDictionary(const std::vector<std::string>& missing_words);

    /// The code of `text`, which becomes one of texts() where it is new.
    int32_t code_of(std::string_view text);

    /// Puts the code of each text in `codes`.
    void put_codes(std::span<const std::string_view> texts, int32_t* codes);

    /// By code.
    const std::vector<std::string>& texts() const { return texts_; }

private:
    void put_block(std::span<const std::string_view> texts, int32_t* codes);
    bool put_known_numbers(std::span<const int32_t> numbers, int32_t* codes) const;
    int32_t code_of(std::string_view text, int32_t number);
    int32_t& place_of(std::string_view text, int32_t number);
    bool has_room_for(size_t place);
    void add(std::string_view text, int32_t& code);

    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    std::vector<std::string> missing_words_;
    std::vector<std::string> texts_;
    std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> codes_of_long_texts_;
    ShortTextCodes codes_of_short_texts_;
    /// By number. Beyond its end numbers are among the other texts.
    std::vector<int32_t> codes_of_numbers_;
};

}  // namespace embark
