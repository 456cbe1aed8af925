#pragma once

#include "../callback.h"

namespace embark {

/// Throws Error where a weight is not finite, and names it and where the fit is. Reads every weight once; processes that
/// train together throw together.
void require_finite_weights(const TrainingState& state);

/// Ends a fit whose training failed with an Error: at a batch whose loss is NaN or infinite, and at the end of an epoch's
/// training with such a weight. A batch whose step was skipped, as by a gradient scaler, that was left, or whose rows count
/// for nothing, is no failure. A callback that ends the fit before, as TerminateOnNaN does, is let alone.
class FiniteFit : public Callback {
public:
    /// After the recorder and what writes logs, before what saves.
    int order() const override { return 52; }
    std::string name() const override { return "finite_fit"; }

    void before_batch(TrainingState& state) override;
    void after_cancel_step(TrainingState& state) override;
    void after_step(TrainingState& state) override;
    void after_batch(TrainingState& state) override;
    void after_train(TrainingState& state) override;

private:
    bool step_skipped_ = false, step_taken_ = false;
};

}  // namespace embark
