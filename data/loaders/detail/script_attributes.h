#pragma once

#include <string>
#include <vector>

#include <ATen/core/ivalue.h>

#include "../../../predictor/vocabulary.h"

namespace embark {

/// A vocabulary's names, `#na#` first.
c10::List<std::string> script_names(const Vocabulary& vocabulary);
/// The number of each name without `#na#`, which nobody may ask for.
c10::Dict<std::string, int64_t> script_index(const Vocabulary& vocabulary);

/// Tensors as one tuple, since a plain tensor would be listed among the model's own buffers.
c10::IValue script_tensors(const std::vector<at::Tensor>& tensors);

}  // namespace embark
