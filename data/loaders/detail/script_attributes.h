#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <torch/csrc/jit/api/module.h>

#include "../../../predictor/detail/export_format.h"
#include "../../../predictor/vocabulary.h"

namespace embark {

/// Throws Error where a tensor or submodule of `module` has the name of one of `methods`, or begins with kScriptPrefix.
void require_free_names(const torch::jit::Module& module, const std::vector<std::string_view>& methods);

/// A vocabulary's names, `#na#` first.
c10::List<std::string> script_names(const Vocabulary& vocabulary);
/// The number of each name without `#na#`, which nobody may ask for.
c10::Dict<std::string, int64_t> script_index(const Vocabulary& vocabulary);

/// Registers `value`, of `type`, as the attribute `_embark_NAME`.
void register_script_attribute(torch::jit::Module& module, const std::string& name, const c10::TypePtr& type,
                               torch::jit::IValue value);
/// Registers tensors as one tuple, since a plain tensor would be listed among the model's own buffers.
void register_script_tensors(torch::jit::Module& module, const std::string& name,
                             const std::vector<at::Tensor>& tensors);

}  // namespace embark
