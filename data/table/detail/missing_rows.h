#pragma once

#include <string_view>
#include <vector>

namespace embark {

class Table;

/// For every row of `table` whether `column` has no value there, or a word that stands for none: NA, nan, … in any
/// column, unless other words were named for the file, and ?, -, … besides in columns of numbers, true/false and dates.
std::vector<char> missing_rows(const Table& table, std::string_view column);

}  // namespace embark
