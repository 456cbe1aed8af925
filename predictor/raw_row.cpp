#include "raw_row.h"

#include <array>
#include <charconv>
#include <cmath>

#include "../core/detail/number_words.h"

namespace embark {

std::optional<double> RawValue::number() const {
    return number_ ? number_ : read_number(text_);
}

std::string RawValue::written(double number) {
    if (std::isnan(number)) return {};
    std::array<char, 32> digits;  // the shortest form that reads back as the same number has at most 24
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return {digits.data(), end};
}

}  // namespace embark
