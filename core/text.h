#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embark {

/// `names` joined by `separator`: {"a", "b"} -> "a, b".
std::string join(const std::vector<std::string>& names, std::string_view separator = ", ");

/// The names of `candidates` nearest to `name` by edit distance, nearest first; those too far off are left out.
std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& candidates,
                                    size_t at_most = 3);

/// A clause for error messages about a name that is not there: "; did you mean 'movie'? There are: user, movie".
/// At most 20 candidates are listed.
std::string name_hint(std::string_view name, const std::vector<std::string>& candidates);

/// The whole of `text` as a number, or nothing where any of it is not one or it is beyond the largest double; one too
/// near to 0 for a double is 0. Reads the same in every locale; accepts "nan" and "inf", which callers refuse where
/// they are not wanted.
std::optional<double> parse_double(std::string_view text);

/// The whole of `text` as a decimal integer that fits int64, or nothing.
std::optional<int64_t> parse_int(std::string_view text);

/// True where `text` is a decimal integer in the one form that stands for it ("0", "-7", "18446744073709551616", but
/// not "007", "+7" or "-0"), whatever its size.
bool is_plain_integer(std::string_view text);

/// Whether plain integer `a` is less than plain integer `b`; both of any size.
bool plain_integer_less(std::string_view a, std::string_view b);

/// Whether `text` is well-formed UTF-8.
bool is_utf8(std::string_view text);

/// How many columns a terminal needs for UTF-8 `text`: wide East Asian characters take two, combining marks none.
int64_t display_width(std::string_view text);

/// `text` cut to `width` columns, with an ellipsis where something was cut, and padded with spaces to exactly `width`;
/// flush right where `right` is set.
std::string fit_width(std::string_view text, int64_t width, bool right = false);

/// A number with `digits` decimals, the same in every locale: 0.8281 -> "0.828100".
std::string format_number(double value, int digits = 6);

}  // namespace embark
