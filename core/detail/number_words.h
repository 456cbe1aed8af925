#pragma once

#include <optional>
#include <string_view>

namespace embark {

/// Whether `text` is one of the words that stand for a missing number: NA, N/A, #N/A, NaN, nan, null, NULL, None, or
/// nothing.
bool is_missing_word(std::string_view text);

/// The number that `text` stands for, spaces around it apart; NaN where it stands for a missing one, nothing where it
/// is not a number.
std::optional<double> read_number(std::string_view text);

/// Whether `number` is infinite or would be as float32, which models compute in. NaN is not.
bool is_beyond_float(double number);

}  // namespace embark
