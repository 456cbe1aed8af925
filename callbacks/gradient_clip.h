#pragma once

#include <memory>
#include <optional>

#include "callback.h"

namespace embark {

/// Settings of GradientClip; fastai's defaults.
struct GradientClipOptions {
    /// The largest norm of all gradients together.
    double max_norm = 1;
    /// p of that norm: (Σ |g|^p)^(1/p); may be infinity, for the largest absolute value.
    double norm_type = 2;
    /// Where given, every value of a gradient is kept within ±clip_value instead.
    std::optional<double> clip_value = {};
};

/// Scales all gradients by one factor before the optimizer's step where their total norm is above max_norm, as
/// torch.nn.utils.clip_grad_norm_ does; or clips their values, as clip_grad_value_ does.
class GradientClip : public Callback {
public:
    /// Throws UsageError for a max_norm, norm_type or clip_value that is not above 0.
    explicit GradientClip(GradientClipOptions options = {});
    int order() const override { return 11; }
    std::string name() const override { return "gradient_clip"; }
    std::string settings() const override;

    void before_step(TrainingState& state) override;

private:
    GradientClipOptions options_;
};

/// A GradientClip, as something to give a Learner.
std::shared_ptr<GradientClip> gradient_clip(GradientClipOptions options = {});

}  // namespace embark
