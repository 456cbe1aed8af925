#pragma once

#include <torch/csrc/jit/api/module.h>

#include "../../model.h"

namespace embark {

/// `model` as a TorchScript module: its submodules, parameters (without gradients) and buffers under their own names,
/// and a method `forward` traced in eval mode on the CPU. Returns one tensor where the model gives one, else a tuple.
///
/// `example` are inputs of at least two rows. The trace is made at two batch sizes and must not depend on them; where
/// it does, an Error names the operation and the sizes. So does an operation that is known not to survive tracing
/// (recurrent layers). `model` is left as it was: mode, device, gradients.
torch::jit::Module trace_module(const Model& model, const Tensors& example);

}  // namespace embark
