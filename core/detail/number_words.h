#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace embark {

/// The words that stand for a missing number, nothing among them.
inline constexpr std::array<std::string_view, 10> kMissingWords = {"",    "NA",   "N/A",  "#N/A", "NaN",
                                                                   "nan", "null", "NULL", "None", "NaT"};

bool is_missing_word(std::string_view text);

/// Whether `text` is `word`, which is in small letters, in any capitals.
bool is_word(std::string_view text, std::string_view word);

/// `text` without the spaces and tabs around it.
std::string_view without_blanks(std::string_view text);

/// The number that `text` stands for, spaces around it apart; NaN where it stands for a missing one, nothing where it
/// is not a number.
std::optional<double> read_number(std::string_view text);

/// The shortest text that reads back as `number`, an integer below 1e21 in plain digits; empty for NaN. So a number of
/// a program and one of a Parquet file are the same text.
std::string number_text(double number);
std::string number_text(float number);

/// Whether `number` is infinite or would be as float32, which models compute in. NaN is not.
bool is_beyond_float(double number);

}  // namespace embark
