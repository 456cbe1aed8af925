#pragma once

#include <torch/csrc/jit/api/module.h>

#include "../../model.h"
#include "free_sizes.h"
#include "module_mirror.h"

namespace embark {

/// `model` as a TorchScript module: its submodules, parameters (without gradients) and buffers under their own names,
/// and a method `forward` traced in eval mode on the CPU. Returns one tensor where the model gives one, else a tuple.
///
/// `example` are inputs of one row or more. Rows, and the dimensions that `dynamic_dims` names by input, may be of any
/// size; `forward` refuses inputs whose other dimensions are not the example's. The trace is made at several of these
/// sizes: numbers that follow from them are taken from the input instead, and where operations depend on them, or on
/// values that C++ takes out of a tensor, an Error names the operation. So does one that draws random numbers. `model`
/// is left as it was: mode, device, gradients. With a `precision` it computes in that type, and must bring its inputs
/// to it itself. `free` becomes the sizes that forward leaves free. Throws UsageError for a dimension that the example
/// does not have.
torch::jit::Module trace_module(const Model& model, const Tensors& example, const DynamicDims& dynamic_dims = {},
                                FreeSizes* free = nullptr, ExportPrecision precision = {});

}  // namespace embark
