#include "train_step.h"

#include <array>

#include <torch/types.h>

#include "../../callbacks/detail/batch_loss.h"
#include "../../core/error.h"

namespace embark {

TrainStep::~TrainStep() = default;

void StepContext::expect(Next event) {
    constexpr std::array<const char*, 4> names = {"after_pred", "after_loss", "backward", "step"};
    require(event == next_, "The training step sent the events of ", names[static_cast<size_t>(event)],
            " where those of ", names[static_cast<size_t>(next_)], " come next; see TrainStep for their order");
    whole_round_ = event == Next::step;
    next_ = whole_round_ ? Next::after_pred : static_cast<Next>(static_cast<size_t>(event) + 1);
}

bool StepContext::goes_on() const {
    return !state_.cancelled(Level::batch);
}

bool StepContext::after_pred(Tensors predictions) {
    expect(Next::after_pred);
    state_.predictions = std::move(predictions);
    events_.send(&Callback::after_pred, state_);
    return goes_on();
}

bool StepContext::after_loss(at::Tensor loss) {
    expect(Next::after_loss);
    state_.loss = std::move(loss);
    events_.send(&Callback::after_loss, state_);
    return goes_on();
}

bool StepContext::backward(const std::function<void()>& body) {
    expect(Next::backward);
    state_.loss_scale = 1;  // of this round; an earlier one of the batch had its own
    bracket(events_, state_, Level::backward, &Callback::before_backward, &Callback::after_cancel_backward,
            &Callback::after_backward, body);
    return goes_on();
}

bool StepContext::step(const std::function<void()>& body) {
    expect(Next::step);
    bracket(events_, state_, Level::step, &Callback::before_step, &Callback::after_cancel_step, &Callback::after_step,
            body);
    return goes_on();
}

at::Tensor StepContext::batch_loss(const Tensors& predictions) const {
    return embark::batch_loss(loss_, predictions, state_.batch);
}

void StepContext::add_gradients(const at::Tensor& loss) const {
    // Without a node of the graph for the product.
    loss.backward(state_.loss_scale == 1 ? at::Tensor() : torch::full_like(loss, state_.loss_scale));
}

void StepContext::finish() const {
    require(
        whole_round_ || !goes_on(),
        "The training step ended before it had sent after_pred, after_loss and the events of backward and step; see "
        "TrainStep for what it must send");
}

void AutogradStep::run(StepContext& step) {
    if (!step.after_pred(step.model()(step.state().batch.inputs))) return;
    if (!step.after_loss(step.batch_loss(step.state().predictions))) return;
    if (!step.backward([&] { step.add_gradients(step.state().loss); })) return;
    if (!step.step([&] { step.optimizer().step(); })) return;
    // A batch that was left keeps its gradients: that is how they are accumulated.
    step.optimizer().zero_grad();
}

}  // namespace embark
