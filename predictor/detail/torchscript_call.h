#pragma once

#include <exception>
#include <string>

#include <torch/csrc/jit/api/module.h>

#include "../../core/tensors.h"

namespace embark {

/// What `method` answers, without recording gradients on the calling thread.
torch::jit::IValue call_method(const torch::jit::Module& module, const std::string& method,
                               std::vector<torch::jit::IValue> arguments);

/// The result of a `forward`: one tensor, or a tuple of tensors.
Tensors as_tensors(const torch::jit::IValue& result);

/// The one line of a LibTorch exception that says what happened: without C++ and TorchScript backtraces.
std::string torch_message(const std::exception& exception);

}  // namespace embark
