#pragma once

#include <optional>
#include <vector>

#include "../optim/optimizer.h"

namespace embark {

/// The gradients that parameters have.
std::vector<at::Tensor> gradients(const Optimizer& optimizer);

/// The 2-norm of all gradients together in one pass, where they are single precision and on the CPU; nothing where they
/// are not, or where their squares are too large.
std::optional<double> fast_norm(const std::vector<at::Tensor>& gradients);

/// The first parameter with a gradient that is not finite; null where all are. Reads every gradient once.
const Parameter* find_non_finite_gradient(const Optimizer& optimizer);

}  // namespace embark
