#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../core/tensors.h"
#include "callback.h"

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
/// Juditsky 1992), and of floating-point buffers such as batch norm's. What is validated, judged and saved after an
/// epoch's training is the model with the averages; training goes on with its own weights. A fit ends with the averages
/// in the model, which so predicts with them, is saved and exported with them.
class ExponentialMovingAverage : public Callback {
public:
    /// Throws UsageError unless 0 <= decay < 1.
    explicit ExponentialMovingAverage(EmaOptions options = {});
    int order() const override { return 40; }
    std::string name() const override { return "ema"; }
    std::string settings() const override;
    bool runs_in_lr_find() const override { return false; }
    bool needs_autograd() const override { return true; }

    /// Throws Error for a model with sharded tables, of which no process has all rows.
    void before_fit(TrainingState& state) override;
    void before_train(TrainingState& state) override;
    void after_step(TrainingState& state) override;
    void after_train(TrainingState& state) override;
    void after_fit(TrainingState& state) override;
    void cleanup_fit(TrainingState& state) override;
    void save_state(StateDict& to, const TrainingState& state) const override;
    void load_state(const StateDict& from, TrainingState& state) override;

private:
    /// Exchanges the model's values and those that are kept.
    void exchange();

    EmaOptions options_;
    int64_t steps_ = 0;
    /// The model's parameters and buffers, each once, by name; and beside each its average, or, while the model has that,
    /// the value that it is trained with. Integers, which have no average, are left out.
    std::vector<std::string> names_;
    Tensors values_, kept_;
    bool model_has_average_ = false;
};

/// An ExponentialMovingAverage, as something to give a Learner.
std::shared_ptr<ExponentialMovingAverage> ema(EmaOptions options = {});

}  // namespace embark
