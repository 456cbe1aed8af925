#include "train_step.h"

#include <torch/types.h>

namespace embark {

TrainStep::~TrainStep() = default;

namespace {

/// The gradients of scale · loss, without a node of the graph for the product.
void scaled_backward(const at::Tensor& loss, double scale) {
    loss.backward(scale == 1 ? at::Tensor() : torch::full_like(loss, scale));
}

}  // namespace

AutogradStep::AutogradStep(const Model& model, const Loss& loss, Optimizer& optimizer)
    : model_(model), loss_(loss), optimizer_(optimizer) {}

void AutogradStep::run(const Events& events, TrainingState& state) {
    state.predictions = model_(state.batch.inputs);
    events.send(&Callback::after_pred, state);
    if (state.cancelled(Level::batch)) return;
    state.loss = batch_loss(loss_, state.predictions, state.batch);
    events.send(&Callback::after_loss, state);
    if (state.cancelled(Level::batch)) return;

    bracket(events, state, Level::backward, &Callback::before_backward, &Callback::after_cancel_backward,
            &Callback::after_backward, [&] { scaled_backward(state.loss, state.loss_scale); });
    if (state.cancelled(Level::batch)) return;
    bracket(events, state, Level::step, &Callback::before_step, &Callback::after_cancel_step, &Callback::after_step,
            [&] { optimizer_.step(); });
    // A batch that was left keeps its gradients: that is how they are accumulated.
    if (!state.cancelled(Level::batch)) optimizer_.zero_grad();
}

}  // namespace embark
