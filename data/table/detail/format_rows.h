#pragma once

#include <cstdint>
#include <string>

#include "../table.h"

namespace embark {

/// The first `n` rows of `table` as aligned lines that begin with the row's index, under a line of names and, where
/// asked for, one of types.
std::string format_rows(const Table& table, int64_t n, bool with_types);

}  // namespace embark
