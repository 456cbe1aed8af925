#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../tabular.h"
#include "tabular_fit.h"

namespace embark {

/// Fits the targets on rows of `table`. Throws Error for one that has a single value there, is missing or cannot be
/// read, with file, row and column.
std::vector<TargetColumn> fit_targets(const Table& table, const TabularOptions& options, const FitRows& rows);

/// The sentence for rows of `table` whose target `name` is missing; nothing where none is.
std::optional<std::string> missing_target_message(const Table& table, const std::string& name,
                                                  const std::vector<char>& missing);

/// Warns of classes that have a single row among the encoded targets for training, and of those that have none among
/// the ones for validation, where there are any.
void warn_of_classes(const TargetColumn& target, const at::Tensor& train, const at::Tensor& valid,
                     std::vector<Warning>& warnings);

/// TabularData::encode_targets' work, for one target.
at::Tensor encode_target(const TargetColumn& target, const Table& table);

}  // namespace embark
