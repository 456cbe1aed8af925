#pragma once

#include <torch/csrc/jit/api/module.h>

#include "free_sizes.h"

namespace embark {

/// Defines `forward` of a module that has its trace as the method kTracedForward: it refuses inputs of other shapes
/// than those of `example`, but for the free sizes, in one sentence, and else answers as the trace.
void define_forward(torch::jit::Module& module, const Tensors& example, const FreeSizes& free);

}  // namespace embark
