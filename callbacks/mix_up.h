#pragma once

#include <memory>

#include "../core/tensors.h"
#include "callback.h"

namespace embark {

/// Settings of MixUp; fastai's default.
struct MixUpOptions {
    /// Of the distribution Beta(alpha, alpha) that the shares are drawn from: the larger, the more is mixed.
    double alpha = 0.4;
};

/// Trains on mixtures: every row of a training batch, x, becomes λ·x + (1 − λ)·x' of itself and another row of the
/// batch, with a λ >= 1/2 of its own (Zhang et al. 2018; fastai's MixUp). Floating-point targets and weights are mixed
/// in the same way; where a target is a class, the loss is λ·l(p, y) + (1 − λ)·l(p, y') instead. Random numbers are
/// from LibTorch's default generator of the CPU.
class MixUp : public Callback {
public:
    /// Throws UsageError for an alpha that is not above 0.
    explicit MixUp(MixUpOptions options = {});
    std::string name() const override { return "mix_up"; }
    std::string settings() const override;
    bool needs_autograd() const override { return true; }

    /// Throws Error for inputs that are integers: there is nothing between two categories.
    void before_batch(TrainingState& state) override;
    void after_loss(TrainingState& state) override;

private:
    double alpha_;
    at::Tensor lambda_;      // (rows)
    Tensors other_targets_;  // where the losses are mixed rather than the targets
};

/// A MixUp, as something to give a Learner.
std::shared_ptr<MixUp> mix_up(MixUpOptions options = {});

}  // namespace embark
