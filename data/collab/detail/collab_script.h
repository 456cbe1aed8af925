#pragma once

#include <string>

#include <torch/csrc/jit/api/module.h>

#include "../../collab/collab.h"
#include "../../../learners/export/export_torchscript.h"

namespace embark {

/// The parameter of `module` that has the factors of the items, one row each, for `similar`: the one that
/// `options.item_factors` names; else `item_factors.weight` or `embeds.1.weight`, as Embark's own models call it; else
/// the one 2-d parameter with a row for each item and more than one column. Empty where none or several fit; Error
/// where the named one does not, with those that do.
std::string item_factors_name(const torch::jit::Module& module, int64_t n_items, const ExportOptions& options);

/// Adds to `module`, whose forward takes (n, 2) encoded users and items and gives a number a row, the methods on raw
/// values: predict, recommend and, where `module` has factors of the items, similar. Throws Error where a name of the
/// module's own is in their way.
void add_collab_methods(torch::jit::Module& module, const CollabData& data, const ExportOptions& options);

}  // namespace embark
