#pragma once

#include "../../../core/detail/checksum.h"
#include "../../table/table.h"

namespace embark {

/// Adds the names, types and values of all columns to `sum`; what lies under a missing value does not count. The same
/// rows of a file give the same sum each time they are read; cut into other chunks they may give another.
void add_content(Crc32& sum, const Table& table);

}  // namespace embark
