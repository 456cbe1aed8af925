#pragma once

#include <cstdint>
#include <memory>

#include "callback.h"

namespace embark {

/// The 16-bit type that a model computes with.
enum class AmpMode {
    fp16,  ///< more digits, but a small range: gradients are scaled to stay in it. For GPUs
    bf16,  ///< fewer digits and float32's range, with no need to scale. For CPUs, and for newer GPUs
};

/// Settings of MixedPrecision; fastai's and PyTorch's defaults. Those of the scaler are for fp16.
struct MixedPrecisionOptions {
    AmpMode amp_mode = AmpMode::fp16;  ///< the 16-bit type
    /// What the loss is multiplied with before the backward pass, to begin with.
    double init_scale = 65536;
    /// What this factor is multiplied with after growth_interval steps without an overflow.
    double growth_factor = 2;
    /// What it is multiplied with after an overflow.
    double backoff_factor = 0.5;
    /// Steps in a row without an overflow before the factor grows.
    int64_t growth_interval = 2000;
};

/// Runs the model, and the loss, with the 16-bit type where LibTorch's autocast says that this is safe, in training and
/// validation; weights, gradients and predictions stay float32. In fp16 a gradient scaler (PyTorch's GradScaler) keeps
/// small gradients from vanishing: it skips the step where gradients overflow, and lowers its factor.
class MixedPrecision : public Callback {
public:
    /// Throws UsageError for an init_scale not above 0, a growth_factor not above 1, a backoff_factor outside (0, 1) or
    /// a growth_interval below 1.
    explicit MixedPrecision(MixedPrecisionOptions options = {});
    ~MixedPrecision() override;
    int order() const override { return 10; }
    std::string name() const override { return "mixed_precision"; }
    std::string settings() const override;
    bool needs_autograd() const override { return true; }

    void before_fit(TrainingState& state) override;
    /// Throws Error on a device for which LibTorch has no autocast.
    void before_batch(TrainingState& state) override;
    void after_pred(TrainingState& state) override;
    void after_loss(TrainingState& state) override;
    void before_backward(TrainingState& state) override;
    void before_step(TrainingState& state) override;
    void save_state(StateDict& to, const TrainingState& state) const override;
    void load_state(const StateDict& from, TrainingState& state) override;

    // However a batch is left, the thread's autocast is again as it was.
    void after_batch(TrainingState& state) override;
    void after_cancel_batch(TrainingState& state) override;
    void after_cancel_train(TrainingState& state) override;
    void after_cancel_validate(TrainingState& state) override;
    void after_cancel_epoch(TrainingState& state) override;
    void after_cancel_fit(TrainingState& state) override;
    void cleanup_fit(TrainingState& state) override;

    /// What the loss is multiplied with at present; 1 in bf16.
    double scale() const { return scale_; }
    /// Steps of this fit that were skipped because gradients overflowed.
    int64_t skipped_steps() const { return skipped_steps_; }

private:
    class Autocast;
    bool scales() const { return options_.amp_mode == AmpMode::fp16; }
    void unscale(TrainingState& state);

    MixedPrecisionOptions options_;
    std::unique_ptr<Autocast> autocast_;
    double scale_ = 1;
    int64_t growth_tracker_ = 0;  // steps without an overflow
    int64_t skipped_steps_ = 0;
};

/// A MixedPrecision, as something to give a Learner.
std::shared_ptr<MixedPrecision> mixed_precision(MixedPrecisionOptions options = {});
/// The same with this type and all else by default.
std::shared_ptr<MixedPrecision> mixed_precision(AmpMode amp_mode);

}  // namespace embark
