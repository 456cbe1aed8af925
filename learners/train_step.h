#pragma once

#include <functional>

#include "../callbacks/training_state.h"
#include "../modules/losses/loss.h"
#include "../optim/optimizer.h"
#include "model.h"

namespace embark {

class Events;

/// One training batch under way, for a TrainStep: what it works with, and the events that it sends. Each of the four
/// calls that send events says whether the batch goes on; where it does not, a callback asked to leave it (or a level
/// around it), and TrainStep::run returns at once.
class StepContext {
public:
    /// What it refers to must outlive it.
    StepContext(const Model& model, const Loss& loss, Optimizer& optimizer, const Events& events, TrainingState& state)
        : model_(model), loss_(loss), optimizer_(optimizer), events_(events), state_(state) {}

    /// The model that is trained.
    const Model& model() const { return model_; }
    /// The learner's loss; batch_loss() computes it.
    const Loss& loss() const { return loss_; }
    /// The fit's optimizer.
    Optimizer& optimizer() const { return optimizer_; }
    /// The fit as it stands, with the batch at hand.
    TrainingState& state() const { return state_; }

    /// Puts `predictions` into TrainingState::predictions and sends after_pred, whose callbacks may change them there.
    [[nodiscard]] bool after_pred(Tensors predictions);
    /// Puts `loss` into TrainingState::loss, which is recorded, and sends after_loss, whose callbacks may change it
    /// there.
    [[nodiscard]] bool after_loss(at::Tensor loss);
    /// Sends before_backward, calls `body`, which leaves gradients in the parameters, and sends after_backward. Where a
    /// callback cancels Level::backward, `body` is not called, after_cancel_backward is sent first, and the batch goes
    /// on.
    [[nodiscard]] bool backward(const std::function<void()>& body);
    /// The same with before_step, `body`, which moves the parameters, after_cancel_step and after_step.
    [[nodiscard]] bool step(const std::function<void()>& body);

    /// The loss of `predictions` for the batch at hand as a scalar: the mean over its rows, weighted where it has
    /// weights.
    at::Tensor batch_loss(const Tensors& predictions) const;
    /// Adds the gradients of `loss` times TrainingState::loss_scale to those of the parameters.
    void add_gradients(const at::Tensor& loss) const;

    /// For the loop: throws Error where the step has sent less than a whole round of events.
    void finish() const;

private:
    enum class Next { after_pred, after_loss, backward, step };
    void expect(Next event);
    bool goes_on() const;

    const Model& model_;
    const Loss& loss_;
    Optimizer& optimizer_;
    const Events& events_;
    TrainingState& state_;
    Next next_ = Next::after_pred;
    bool whole_round_ = false;
};

/// How one batch is trained, from TrainingState::batch to the optimizer's step: what LearnerOptions::step takes. The
/// ordinary step, which is what a Learner takes where none is given, is
///
///     struct OrdinaryStep : TrainStep {
///         void run(StepContext& step) override {
///             if (!step.after_pred(step.model()(step.state().batch.inputs))) return;
///             if (!step.after_loss(step.batch_loss(step.state().predictions))) return;
///             if (!step.backward([&] { step.add_gradients(step.state().loss); })) return;
///             if (!step.step([&] { step.optimizer().step(); })) return;
///             step.optimizer().zero_grad();
///         }
///     };
///
/// The contract:
/// - It sends after_pred, after_loss, the events of backward and those of step, in this order; callbacks such as the
///   recorder, gradient clipping and mixed precision rely on it. Passes through the model beside these need no events
///   of their own. Several rounds of the four are allowed, as for two networks in turn: a callback takes each for a
///   step, and the loss of the last round is the batch's. Another order, or less than a round, is an Error.
/// - It returns at once where one of these calls gives false, and leaves the gradients as they are then: a batch
///   that is left before the end of its step keeps them, which is how they are accumulated. After a step, or a
///   cancelled one, it drops them with Optimizer::zero_grad.
/// - It reads the batch, predictions and loss from the TrainingState, since callbacks may have changed them, and takes
///   TrainingState::loss_scale into account, as add_gradients does. It changes nothing else there, but for
///   StepState::accumulating, which it sets around backward passes other than the last of a round: several
///   processes exchange gradients during a pass unless it is set.
/// - The module is in training mode and gradients are recorded. Validation does not run the step.
///
/// A step lives as long as the Learner has it. State of its own that a resumed fit needs is saved where it is a
/// Callback too, and given in both places; lr_find runs the step as a fit does.
class TrainStep {
public:
    virtual ~TrainStep();
    /// Trains the batch in StepContext::state(), as the contract says.
    virtual void run(StepContext& step) = 0;
};

}  // namespace embark
