#pragma once

#include <filesystem>

#include "../table/table.h"

namespace embark {

/// Reads a file of Arrow's own format: .arrow, and .feather of version 2. Throws Error for anything that is not one.
Table read_feather(const std::filesystem::path& path);

}  // namespace embark
