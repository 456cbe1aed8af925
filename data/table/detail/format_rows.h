#pragma once

#include <cstdint>
#include <string>

#include "../table.h"

namespace embark {

/// `text` with a space for each line break, tab and other control character, which would break the lines of a view.
std::string one_line(std::string text);

/// The first `n` rows of `table` as aligned lines that begin with the row's index, under a line of names and, where
/// asked for, one of types.
std::string format_rows(const Table& table, int64_t n, bool with_types);

}  // namespace embark
