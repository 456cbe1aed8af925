#include "stop_on_request.h"

#include "../../core/error.h"
#include "../training_state.h"

namespace embark {

void StopOnRequest::before_batch(TrainingState& state) {
    state.strategy->propose_stop(stop_.stop_requested());
}

void StopOnRequest::after_batch(TrainingState& state) {
    if (stopped_ || !state.strategy->stops(stop_.stop_requested())) return;
    stopped_ = true;
    before_stop(state);
    state.cancel(Level::fit, concat("asked to stop, in epoch ", state.epoch, " after ",
                                    state.training ? "batch " : "validation batch ", state.iteration));
}

}  // namespace embark
