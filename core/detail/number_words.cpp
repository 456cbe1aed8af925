#include "number_words.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

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

}  // namespace

bool is_missing_word(std::string_view text) {
    return std::find(kMissingWords.begin(), kMissingWords.end(), text) != kMissingWords.end();
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

std::optional<double> read_number(std::string_view text) {
    if (const auto number = parse_double(text)) return number;
    text = without_blanks(text);
    if (is_missing_word(text)) return std::numeric_limits<double>::quiet_NaN();
    return parse_double(text);
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
