#include "stop_on_request.h"

#include "../../core/error.h"
#include "../training_state.h"

namespace embark {

void StopOnRequest::before_batch(TrainingState& state) {
    state.stop_asked = stop_.stop_requested();
}

void StopOnRequest::after_batch(TrainingState& state) {
    const bool asked = state.processes != nullptr ? state.training && state.stop_agreed : stop_.stop_requested();
    if (stopped_ || !asked) return;
    stopped_ = true;
    before_stop(state);
    state.cancel(Level::fit, concat("asked to stop, in epoch ", state.epoch, " after ",
                                    state.training ? "batch " : "validation batch ", state.iteration));
}

}  // namespace embark
