#pragma once

#include <arrow/api.h>

#include "table_impl.h"

namespace embark {

/// Throws Error, with file, row and column where they can be told, for a table that a broken file gave: numbers that
/// its dictionaries lack, or texts that are not UTF-8. Nothing after this looks for such.
void require_valid(const arrow::Table& table, const TableOrigin& origin);

}  // namespace embark
