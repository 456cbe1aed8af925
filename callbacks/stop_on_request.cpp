#include "stop_on_request.h"

#include "../core/error.h"
#include "training_state.h"

namespace embark {

void StopOnRequest::after_batch(TrainingState& state) {
    if (stopped_ || !stop_.stop_requested()) return;
    stopped_ = true;
    before_stop(state);
    state.cancel(Level::fit, concat("asked to stop, in epoch ", state.epoch, " after ",
                                    state.training ? "batch " : "validation batch ", state.iteration));
}

}  // namespace embark
