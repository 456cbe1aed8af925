#include "spelling.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "../core/detail/number_words.h"
#include "../core/error.h"
#include "../core/text.h"

namespace embark {

namespace {

constexpr std::array<std::pair<Spelling, std::string_view>, 4> kSpellings = {{{Spelling::as_written, "as_written"},
                                                                              {Spelling::integers, "integers"},
                                                                              {Spelling::booleans, "booleans"},
                                                                              {Spelling::trimmed, "trimmed"}}};

std::optional<std::string_view> as_boolean(std::string_view text) {
    text = without_blanks(text);
    for (const std::string_view word : {"false", "true"}) {
        if (is_word(text, word)) return word;
    }
    return std::nullopt;
}

/// Digits without leading zeros, a minus before them or not, and behind a point zeros alone.
std::optional<std::string_view> as_integer(std::string_view text) {
    text = without_blanks(text);
    if (const size_t point = text.find('.'); point != std::string_view::npos) {
        const std::string_view zeros = text.substr(point + 1);
        if (zeros.empty() || zeros.find_first_not_of('0') != std::string_view::npos) return std::nullopt;
        text = text.substr(0, point);
    }
    if (text == "-0") return "0";
    if (!is_plain_integer(text)) return std::nullopt;
    return text;
}

}  // namespace

std::string_view to_string(Spelling spelling) {
    return kSpellings.at(static_cast<size_t>(spelling)).second;
}

Spelling parse_spelling(std::string_view name) {
    for (const auto& [spelling, known] : kSpellings) {
        if (known == name) return spelling;
    }
    fail("Unknown spelling '", name, "'; there are as_written, integers, booleans and trimmed");
}

std::string_view spell(Spelling spelling, std::string_view text) {
    switch (spelling) {
        case Spelling::integers:
            return as_integer(text).value_or(without_blanks(text));
        case Spelling::booleans:
            return as_boolean(text).value_or(text);
        case Spelling::trimmed:
            return without_blanks(text);
        case Spelling::as_written:
            break;
    }
    return text;
}

Spelling spelling_of(const std::vector<std::string>& values) {
    bool any = false, integers = true, booleans = true;
    for (const std::string& value : values) {
        if (is_missing_word(without_blanks(value))) continue;
        any = true;
        integers = integers && as_integer(value);
        booleans = booleans && as_boolean(value);
        if (!integers && !booleans) break;
    }
    if (!any) return Spelling::as_written;
    return integers ? Spelling::integers : booleans ? Spelling::booleans : Spelling::as_written;
}

Spelling spelling_of_ids(const std::vector<std::string>& values) {
    size_t integers = 0, others = 0;
    for (const std::string& value : values) {
        if (is_missing_word(without_blanks(value))) continue;
        ++(as_integer(value) ? integers : others);
    }
    return integers > others ? Spelling::integers : Spelling::trimmed;
}

bool is_missing_value(Spelling spelling, std::string_view text) {
    if (text.empty() || spelling == Spelling::as_written) return text.empty();
    text = without_blanks(text);
    return spelling == Spelling::trimmed ? text.empty() : is_missing_word(text);
}

}  // namespace embark
