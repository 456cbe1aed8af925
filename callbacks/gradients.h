#pragma once

#include <vector>

#include "../optim/optimizer.h"

namespace embark {

/// The gradients that parameters have.
std::vector<at::Tensor> gradients(const Optimizer& optimizer);

/// The first parameter with a gradient that is not finite; null where all are. Reads every gradient once.
const Parameter* find_non_finite_gradient(const Optimizer& optimizer);

}  // namespace embark
