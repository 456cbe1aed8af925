#pragma once

#include <memory>

#include "callback.h"

namespace embark {

/// Ends the fit at a loss that is NaN or infinite, in training or validation, or at a gradient with such a value,
/// before the optimizer's step: weights and optimizer stay as they were. The reason names epoch and batch, and the
/// parameter whose gradient it is.
///
/// With a gradient scaler (MixedPrecision in fp16) gradients may overflow because of its factor: that is left to the
/// scaler, which skips the step and lowers the factor. At a factor of at most 1 it is not the scaler's fault, and the
/// fit ends.
///
/// Processes that train together end together: in training at the loss of the whole batch, in validation at its end.
class TerminateOnNaN : public Callback {
public:
    int order() const override { return -9; }
    std::string name() const override { return "terminate_on_nan"; }
    bool runs_outside_fit() const override { return false; }

    void before_validate(TrainingState& state) override;
    void after_loss(TrainingState& state) override;
    void after_backward(TrainingState& state) override;
    void before_step(TrainingState& state) override;
    void after_validate(TrainingState& state) override;

private:
    bool seen_in_validation_ = false;  // by this process, of several
};

/// A TerminateOnNaN, as something to give a Learner.
std::shared_ptr<TerminateOnNaN> terminate_on_nan();

}  // namespace embark
