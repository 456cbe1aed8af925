#pragma once

#include <memory>
#include <string>

#include "averaged_weights.h"

namespace embark {

/// Settings of ExponentialMovingAverage.
struct EmaOptions {
    /// How much of the average stays at each step; PyTorch's torch.optim.swa_utils uses 0.999.
    double decay = 0.999;
    /// Begin with less: (1 + t) / (10 + t) at step t, counted from 0, where that is smaller (TensorFlow's num_updates),
    /// so that the average does not stay near the initial weights in a short fit.
    bool warmup = true;
};

/// Keeps an exponential moving average of the weights, a ← d·a + (1 − d)·w after each optimizer's step (Polyak and
/// Juditsky 1992), and of floating-point buffers such as batch norm's.
class ExponentialMovingAverage : public AveragedWeights {
public:
    /// Throws UsageError unless 0 <= decay < 1.
    explicit ExponentialMovingAverage(EmaOptions options = {});
    std::string name() const override { return "ema"; }
    std::string settings() const override;

    void after_step(TrainingState& state) override;

private:
    EmaOptions options_;
};

/// An ExponentialMovingAverage, as something to give a Learner.
std::shared_ptr<ExponentialMovingAverage> ema(EmaOptions options = {});

}  // namespace embark
