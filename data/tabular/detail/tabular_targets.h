#pragma once

#include <string>
#include <vector>

#include "../tabular.h"
#include "tabular_fit.h"

namespace embark {

/// Fits the targets on rows of `table`. Throws Error for one that has a single value there, is missing or cannot be
/// read, with file, row and column.
std::vector<TargetColumn> fit_targets(const Table& table, const TabularOptions& options, const FitRows& rows);

/// TabularData::encode_targets' work, for one target.
at::Tensor encode_target(const TargetColumn& target, const Table& table);

}  // namespace embark
