#include "train_step.h"

#include <torch/torch.h>

namespace embark {

at::Tensor batch_loss(const Loss& loss, const Tensors& predictions, const Batch& batch) {
    if (!batch.weights.defined()) return loss(predictions, batch.targets);
    const auto weights = batch.weights.to(at::kDouble);
    const auto total = weights.sum();
    // Where every row of a batch has weight 0, its loss and gradients are 0.
    const auto shares = torch::where(total > 0, weights / total, weights);
    const auto losses = loss(predictions, batch.targets, Reduction::none);
    return losses.mul(shares.to(losses.scalar_type())).sum();
}

TrainStep::~TrainStep() = default;

AutogradStep::AutogradStep(const Model& model, const Loss& loss, Optimizer& optimizer)
    : model_(model), loss_(loss), optimizer_(optimizer) {}

void AutogradStep::run(const Events& events, TrainingState& state) {
    state.predictions = model_(state.batch.inputs);
    events.send(&Callback::after_pred, state);
    if (state.cancelled(Level::batch)) return;
    state.loss = batch_loss(loss_, state.predictions, state.batch);
    events.send(&Callback::after_loss, state);
    if (state.cancelled(Level::batch)) return;
    state.loss_grad = state.loss;

    bracket(events, state, Level::backward, &Callback::before_backward, &Callback::after_cancel_backward,
            &Callback::after_backward, [&] { state.loss_grad.backward(); });
    if (state.cancelled(Level::batch)) return;
    bracket(events, state, Level::step, &Callback::before_step, &Callback::after_cancel_step, &Callback::after_step,
            [&] { optimizer_.step(); });
    // A batch that was left keeps its gradients: that is how they are accumulated.
    if (!state.cancelled(Level::batch)) optimizer_.zero_grad();
}

}  // namespace embark
