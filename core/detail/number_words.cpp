#include "number_words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "../text.h"

namespace embark {

namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

bool is_missing_word(std::string_view text) {
    static constexpr std::array<std::string_view, 9> kWords = {"",    "NA",   "N/A",  "#N/A", "NaN",
                                                               "nan", "null", "NULL", "None"};
    return std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

std::optional<double> read_number(std::string_view text) {
    if (const auto number = parse_double(text)) return number;
    text = trimmed(text);
    if (is_missing_word(text)) return std::numeric_limits<double>::quiet_NaN();
    return parse_double(text);
}

bool is_beyond_float(double number) {
    return std::isinf(static_cast<float>(number));
}

}  // namespace embark
