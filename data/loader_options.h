#pragma once

#include "dataloaders.h"

namespace embark {

/// Throws UsageError for settings that can never be right.
void require_valid(const DataLoadersOptions& options);

/// The loader of the training part.
DataLoader train_loader(TensorDataset data, const DataLoadersOptions& options);

/// The loader of the validation part: every row, in order.
DataLoader valid_loader(TensorDataset data, const DataLoadersOptions& options);

}  // namespace embark
