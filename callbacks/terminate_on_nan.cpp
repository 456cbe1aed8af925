#include "terminate_on_nan.h"

#include <cmath>

#include <torch/torch.h>

#include "../core/error.h"
#include "gradients.h"
#include "training_state.h"

namespace embark {

namespace {

std::string where(const TrainingState& state) {
    return concat(", in epoch ", state.epoch, " at ", state.training ? "batch " : "validation batch ", state.iteration);
}

}  // namespace

void TerminateOnNaN::after_loss(TrainingState& state) {
    const auto loss = state.loss.item<double>();
    if (!std::isfinite(loss)) state.cancel(Level::fit, concat("the loss is ", loss, where(state)));
}

void TerminateOnNaN::before_step(TrainingState& state) {
    if (state.grad_scale > 1) return;
    const Parameter* parameter = find_non_finite_gradient(state);
    if (parameter == nullptr) return;
    state.cancel(Level::fit, concat("the gradient of ", parameter->name, " is not finite", where(state)));
}

}  // namespace embark
