#pragma once

#include <cstdint>
#include <memory>

#include "callback.h"

namespace embark {

/// Settings of GradientAccumulation; fastai's default.
struct GradientAccumulationOptions {
    /// Samples (not batches) from one optimizer's step to the next, at least.
    int64_t n_acc = 32;
};

/// Adds up the gradients of several batches before the optimizer's step, which is then that of one large batch of all
/// their samples: the mean over them, weighted where batches have weights. (fastai divides by n_acc also where whole
/// batches make more than n_acc samples.) The recorded loss stays each batch's own; batch norm still sees single
/// batches. Batches go on adding up across epochs; what is left at the end of the fit takes no part.
class GradientAccumulation : public Callback {
public:
    /// Throws UsageError for an n_acc below 1.
    explicit GradientAccumulation(GradientAccumulationOptions options = {});
    int order() const override { return 6; }
    std::string name() const override { return "gradient_accumulation"; }
    std::string settings() const override;
    bool needs_autograd() const override { return true; }

    void before_fit(TrainingState& state) override;
    void before_backward(TrainingState& state) override;
    void before_step(TrainingState& state) override;
    void save_state(StateDict& to, const TrainingState& state) const override;
    void load_state(const StateDict& from, TrainingState& state) override;

private:
    int64_t n_acc_;
    int64_t count_ = 0;  // samples since the last step
    double weight_ = 0;  // of these samples
};

/// A GradientAccumulation, as something to give a Learner.
std::shared_ptr<GradientAccumulation> gradient_accumulation(GradientAccumulationOptions options = {});

}  // namespace embark
