#pragma once

#include <optional>
#include <span>
#include <vector>

#include "../optim/optimizer.h"
#include "training_state.h"

namespace embark {

/// The gradients that parameters have.
std::vector<at::Tensor> gradients(const Optimizer& optimizer);

/// Numbers of a gradient, in no order, those that may be other than 0 among them.
struct PlainGradient {
    std::span<float> values;  ///< the gradient's numbers themselves: what is written here changes it
    at::Tensor parameter;     ///< the parameter that they are of
};

/// All gradients at hand as plain numbers: those of a step by rows, or else those that parameters have. Nothing where
/// one of these is not single precision in one piece on the CPU.
std::optional<std::vector<PlainGradient>> plain_gradients(const TrainingState& state);

/// (Σ |g|^p)^(1/p) over all numbers; p may be infinity.
double norm_of(const std::vector<PlainGradient>& gradients, double p);

/// The optimizer's parameter that is `tensor`; null where none is.
const Parameter* find_parameter(const Optimizer& optimizer, const at::Tensor& tensor);

/// The first parameter with a gradient that is not finite; null where all are. Reads every gradient once.
const Parameter* find_non_finite_gradient(const TrainingState& state);

}  // namespace embark
