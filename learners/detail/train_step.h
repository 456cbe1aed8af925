#pragma once

#include "../../callbacks/detail/batch_loss.h"
#include "../../callbacks/detail/events.h"
#include "../../optim/optimizer.h"
#include "../model.h"

namespace embark {

/// Leaves the body of a level early where a callback asked for it, and sends the events around it:
/// before, body, [after_cancel], after. The after event is not sent where a level further out is left, the before event
/// where the level goes on after a checkpoint; where it was over by then, nothing more comes.
template <class Body>
void bracket(const Events& events, TrainingState& state, Level level, Event before, Event after_cancel, Event after,
             Body&& body) {
    if (state.enter(level)) events.send(before, state);
    if (state.was_over(level)) return static_cast<void>(state.leave(level));
    if (!state.cancelled(level)) body();
    if (state.leave(level)) events.send(after_cancel, state);
    if (!state.cancelled(level)) events.send(after, state);
}

/// How one batch is trained, from TrainingState::batch to the step of the optimizer, with the events between
/// before_batch and after_batch. The ordinary one goes through autograd; a learner that knows its model may bring a
/// fused one that computes the same numbers and sends the same events.
class TrainStep {
public:
    virtual ~TrainStep();
    virtual void run(const Events& events, TrainingState& state) = 0;
};

/// Forward, loss, backward and the optimizer's step, through autograd, for any module.
class AutogradStep : public TrainStep {
public:
    /// What it refers to must outlive it.
    AutogradStep(const Model& model, const Loss& loss, Optimizer& optimizer);
    void run(const Events& events, TrainingState& state) override;

private:
    const Model& model_;
    const Loss& loss_;
    Optimizer& optimizer_;
};

}  // namespace embark
