#include "terminate_on_nan.h"

#include <cmath>

#include <torch/types.h>

#include "../core/error.h"
#include "gradients.h"
#include "training_state.h"

namespace embark {

namespace {

std::string where(const TrainingState& state) {
    return concat(", in epoch ", state.epoch, " at ", state.training ? "batch " : "validation batch ", state.iteration);
}

void check_loss(TrainingState& state) {
    const auto loss = state.loss.item<double>();
    if (!std::isfinite(loss)) state.cancel(Level::fit, concat("the loss is ", loss, where(state)));
}

}  // namespace

void TerminateOnNaN::before_validate(TrainingState&) {
    seen_in_validation_ = false;
}

void TerminateOnNaN::after_loss(TrainingState& state) {
    if (state.strategy->decides_alone()) return check_loss(state);
    // Its own part of the data tells this process alone.
    if (!state.training && !std::isfinite(state.loss.item<double>())) seen_in_validation_ = true;
}

void TerminateOnNaN::after_backward(TrainingState& state) {
    check_loss(state);
}

void TerminateOnNaN::after_validate(TrainingState& state) {
    if (!state.strategy->any(seen_in_validation_)) return;
    state.cancel(Level::fit, concat("a loss of the validation in epoch ", state.epoch, " is not finite"));
}

void TerminateOnNaN::before_step(TrainingState& state) {
    // What is accumulated may be no more than this process's own part.
    if (state.step.grad_scale > 1 || (!state.strategy->decides_alone() && state.step.accumulating)) return;
    const Parameter* parameter = find_non_finite_gradient(state);
    if (parameter == nullptr) return;
    state.cancel(Level::fit, concat("the gradient of ", parameter->name, " is not finite", where(state)));
}

std::shared_ptr<TerminateOnNaN> terminate_on_nan() {
    return std::make_shared<TerminateOnNaN>();
}

}  // namespace embark
