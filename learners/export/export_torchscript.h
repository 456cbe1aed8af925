#pragma once

#include <filesystem>
#include <string>

#include "../../data/loaders/dataloaders.h"
#include "../model.h"

namespace embark {

/// Settings of export_torchscript.
struct ExportOptions {
    /// Collab: store in the file what each user rated, so that `recommend` leaves it out.
    bool include_rated = true;
    /// Collab, a module of the user's own: the name of the item embedding's weight, for `similar`; empty:
    /// `item_factors.weight` or `embeds.1.weight` where there is one, else the one 2-d parameter with a row for each
    /// item and more than one column. Where several fit, the file has no `similar`.
    std::string item_factors = {};
};

/// What Learner::export_torchscript does, for any model: writes `model`, in eval mode and on the CPU, as a TorchScript
/// file. `dls` supplies example inputs, and the vocabularies for the methods on raw values; a model on collab data that
/// does not give one number a row gets `forward` alone. The model itself is left as it was. Throws Error, before
/// anything is written, where the module cannot be traced for every batch size, draws random numbers in eval mode, or
/// has names that TorchScript cannot read.
void export_torchscript(const Model& model, const DataLoaders& dls, const std::filesystem::path& path,
                        const ExportOptions& options = {});

}  // namespace embark
