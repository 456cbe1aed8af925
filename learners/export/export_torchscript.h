#pragma once

#include <filesystem>

#include "../../data/loaders/dataloaders.h"
#include "../model.h"

namespace embark {

/// What Learner::export_torchscript does, for any model: writes `model`, in eval mode and on the CPU, as a TorchScript
/// file. `dls` supplies example inputs, and its Preprocessing the methods on raw values (see Preprocessing::export_to);
/// a model that does not fit its data gets `forward` alone. The model itself is left as it was. Throws Error, before
/// anything is written, where the module does not do the same for all values, numbers of rows and sizes that
/// options.dynamic_dims names, keeps a state, draws random numbers in eval mode, or has names that TorchScript cannot
/// read; and UsageError for dynamic_dims that the inputs do not have.
void export_torchscript(const Model& model, const DataLoaders& dls, const std::filesystem::path& path,
                        const ExportOptions& options = {});

}  // namespace embark
