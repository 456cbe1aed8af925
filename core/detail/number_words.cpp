#include "number_words.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "../text.h"

namespace embark {

namespace {

template <class Number>
std::string shortest_text(Number number) {
    if (std::isnan(number)) return {};
    std::array<char, 32> digits;  // of the shortest form at most 24, of an integer below 1e21 at most 22
    char* const last = digits.data() + digits.size();
    const bool is_integer = std::trunc(number) == number && std::abs(number) < Number(1e21);
    const auto written = is_integer ? std::to_chars(digits.data(), last, number + Number(0), std::chars_format::fixed)
                                    : std::to_chars(digits.data(), last, number);  // + 0: -0 is 0
    return {digits.data(), written.ptr};
}

std::string in_small_letters(std::string_view text) {
    std::string small(text);
    for (char& c : small) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return small;
}

}  // namespace

std::vector<std::string> missing_words_in_small_letters() {
    std::set<std::string> words;
    for (const std::string_view word : kMissingWords) words.insert(in_small_letters(word));
    for (const std::string_view word : kMissingInNumbers) words.insert(in_small_letters(word));
    return {words.begin(), words.end()};
}

bool is_missing_word(std::string_view text) {
    if (text.empty()) return true;
    // Asked of every distinct value: no word ends in a digit, and none is longer.
    constexpr size_t kLongest = std::string_view("#N/A N/A").size();
    if (text.size() > kLongest || (text.back() >= '0' && text.back() <= '9')) return false;
    static const std::vector<std::string> words = missing_words_in_small_letters();
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return is_word(text, word); });
}

bool is_word(std::string_view text, std::string_view word) {
    const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b); };
    return std::equal(text.begin(), text.end(), word.begin(), word.end(), same);
}

std::string_view without_blanks(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> read_number(std::string_view text, bool missing_words) {
    auto number = parse_double(text);
    if (number && !std::isnan(*number)) return number;
    text = without_blanks(text);
    if (text.empty() || (missing_words && is_missing_word(text))) return std::numeric_limits<double>::quiet_NaN();
    number = parse_double(text);
    return number && std::isnan(*number) ? std::nullopt : number;
}

std::string number_text(double number) {
    return shortest_text(number);
}

std::string number_text(float number) {
    return shortest_text(number);
}

bool is_beyond_float(double number) {
    return std::isinf(static_cast<float>(number));
}

}  // namespace embark
