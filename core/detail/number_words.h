#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embark {

/// The words that stand for a missing value in any column of a CSV file, spelled exactly so, nothing among them: those
/// of pandas' read_csv.
inline constexpr std::array<std::string_view, 19> kMissingWords = {
    "",        "#N/A",     "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND",
    "1.#QNAN", "<NA>",     "N/A",      "NA",  "NULL",    "NaN",      "None", "n/a",  "nan",
    "null"};

/// The words that do so besides in columns of numbers, true/false and dates, where those above do in any capitals too.
inline constexpr std::array<std::string_view, 5> kMissingInNumbers = {"?", ".", "-", "\\N", "NaT"};

/// Whether `text` stands for a missing value in a column of numbers, true/false or dates.
bool is_missing_word(std::string_view text);

/// All of these words in small letters.
std::vector<std::string> missing_words_in_small_letters();

/// Whether `text` is `word`, which is in small letters, in any capitals.
bool is_word(std::string_view text, std::string_view word);

/// `text` without the spaces and tabs around it.
std::string_view without_blanks(std::string_view text);

/// The number that `text` stands for, spaces around it apart; NaN where it stands for a missing one, which without
/// `missing_words` only nothing does. Nothing where it is not a number.
std::optional<double> read_number(std::string_view text, bool missing_words = true);

/// The shortest text that reads back as `number`, an integer below 1e21 in plain digits; empty for NaN. So a number of
/// a program and one of a Parquet file are the same text.
std::string number_text(double number);
std::string number_text(float number);

/// Whether `number` is infinite or would be as float32, which models compute in. NaN is not.
bool is_beyond_float(double number);

}  // namespace embark
