#pragma once

#include <string>
#include <utility>
#include <vector>

#include <torch/csrc/jit/api/module.h>

#include "../../../core/tensors.h"

namespace embark {

/// A batch, what messages say of it, as "with 9 rows", and what the module itself answers to it.
struct AnsweredBatch {
    std::string description;
    Tensors inputs, expected;
};

/// `inputs` with other values of the same shapes and types, and what messages say of them: zeros, some zeros,
/// smaller integers, and of floating-point numbers other signs and NaN. A module need not have an answer to them.
std::vector<std::pair<std::string, Tensors>> with_other_values(const Tensors& inputs);

/// Throws Error, which reads on from "RatingNet cannot be exported: ", unless the forward of `traced` answers each
/// batch as the module does.
void require_same_answers(const torch::jit::Module& traced, const std::vector<AnsweredBatch>& batches);

}  // namespace embark
