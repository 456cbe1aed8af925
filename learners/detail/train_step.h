#pragma once

#include "../../callbacks/detail/events.h"
#include "../train_step.h"

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

/// Forward, loss, backward and the optimizer's step, through autograd, for any module.
class AutogradStep : public TrainStep {
public:
    void run(StepContext& step) override;
};

}  // namespace embark
