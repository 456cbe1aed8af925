#pragma once

#include <cstdint>
#include <vector>

#include "../optim/row_gradient.h"

namespace embark {

/// What a training step and the callbacks that share it out, scale it or accumulate it tell one another. Other
/// callbacks need none of it.
struct StepState {
    /// Whether the step at hand goes through autograd, so that parameters get gradients.
    bool autograd = true;
    /// From after_backward to before_step the gradients of a step that goes without autograd, which leaves none in the
    /// parameters. Callbacks may change the values.
    std::vector<RowGradient> row_gradients = {};

    /// The batch at hand takes no step: its gradients stay and those of the next are added. To be set in
    /// before_backward by what cancels the step later, so that processes do not exchange what is not whole yet.
    bool accumulating = false;
    /// How many times too large the gradients at hand are: what a gradient scaler multiplied the loss with, else 1.
    double grad_scale = 1;

    /// In before_batch: the loader gave this process its part of the batch alone (see Share).
    bool is_part = false;
    /// The rows of the batch in all processes; below 0 where TrainingState::batch is the whole of it. See
    /// TrainingState::rows().
    int64_t whole_rows = -1;
    double whole_weight = -1;  ///< what those rows count in the batch's mean, or below 0; see TrainingState::weight()
};

}  // namespace embark
