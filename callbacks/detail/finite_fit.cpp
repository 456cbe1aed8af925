#include "finite_fit.h"

#include <cmath>

#include <torch/types.h>

#include "../../core/error.h"
#include "../../optim/optimizer.h"
#include "../training_state.h"

namespace embark {

namespace {

constexpr const char* kOfFailedFits =
    "; a smaller learning rate often helps, and targets and numbers that are scaled before (scale_targets)";

bool is_finite_weight(const at::Tensor& weight) {
    if (!weight.is_floating_point() || weight.numel() == 0) return true;
    // A sum needs no memory, and is finite where all are, but for weights that are about to be no more.
    return std::isfinite(weight.sum().item<double>()) || weight.isfinite().all().item<bool>();
}

const Parameter* find_non_finite_weight(const Optimizer& optimizer) {
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            if (!is_finite_weight(parameter.tensor.detach())) return &parameter;
        }
    }
    return nullptr;
}

}  // namespace

void require_finite_weights(const TrainingState& state) {
    const Parameter* found = state.optimizer == nullptr ? nullptr : find_non_finite_weight(*state.optimizer);
    if (!state.strategy->any(found != nullptr)) return;  // of sharded tables each has rows of its own
    fail("Training failed: ", found == nullptr ? "weights of another process" : concat("the weights '", found->name, "'"),
         " are not finite, in epoch ", state.epoch, kOfFailedFits);
}

void FiniteFit::before_batch(TrainingState&) {
    step_skipped_ = step_taken_ = false;
}

void FiniteFit::after_cancel_step(TrainingState&) {
    step_skipped_ = true;
}

void FiniteFit::after_step(TrainingState&) {
    step_taken_ = step_taken_ || !step_skipped_;
    step_skipped_ = false;
}

void FiniteFit::after_batch(TrainingState& state) {
    if (!state.training || !state.loss.defined() || state.records.losses.empty()) return;
    const bool kept = state.step.accumulating && state.step.grad_scale <= 1;  // its gradients go into a later step
    if (!step_taken_ && !kept) return;
    const double loss = state.records.losses.back();
    // A batch whose rows count for nothing, all of ignored classes, has no mean (0 / 0), and its gradients are 0.
    if (std::isfinite(loss) || state.weight() == 0) return;
    fail("Training failed: the loss is ", loss, ", in epoch ", state.epoch, " at batch ", state.iteration, kOfFailedFits);
}

void FiniteFit::after_train(TrainingState& state) {
    require_finite_weights(state);
}

}  // namespace embark
