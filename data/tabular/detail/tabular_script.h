#pragma once

#include <torch/csrc/jit/api/module.h>

#include "../../tabular/tabular.h"

namespace embark {

/// Adds to `module`, whose forward takes encoded categories and numbers and gives one output a target, methods on raw
/// values: `predict`, `count_unknown`, `columns` and `classes`. Throws Error where a name of the module's own is in
/// their way.
void add_tabular_methods(torch::jit::Module& module, const TabularData& data);

}  // namespace embark
