#include "gradient_clip.h"

#include <algorithm>

#include <torch/types.h>

#include "../core/error.h"
#include "gradients.h"
#include "training_state.h"

namespace embark {

namespace {

void check_above_zero(double value, const char* name) {
    require<UsageError>(value > 0, "Invalid ", name, " ", value, ": it must be a number above 0");
}

constexpr double kEps = 1e-6;  // torch.nn.utils.clip_grad_norm_'s

void clip(const std::vector<PlainGradient>& gradients, const GradientClipOptions& options) {
    const auto change_all = [&](auto change) {
        for (const auto& gradient : gradients) std::ranges::transform(gradient.values, gradient.values.begin(), change);
    };
    if (options.clip_value) {
        const auto limit = static_cast<float>(*options.clip_value);
        return change_all([=](float value) { return value > limit ? limit : value < -limit ? -limit : value; });
    }
    // In single precision, as LibTorch: with the last bit of the factor too.
    const float norm = static_cast<float>(norm_of(gradients, options.norm_type)) + static_cast<float>(kEps);
    const auto max_norm = static_cast<float>(options.max_norm);
    if (norm <= max_norm) return;
    change_all([factor = max_norm / norm](float value) { return value * factor; });
}

void clip(const std::vector<at::Tensor>& gradients, const GradientClipOptions& options) {
    if (gradients.empty()) return;
    torch::NoGradGuard no_grad;
    if (options.clip_value) {
        at::_foreach_clamp_min_(gradients, -*options.clip_value);
        return at::_foreach_clamp_max_(gradients, *options.clip_value);
    }
    const auto norm =
        at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, options.norm_type)), options.norm_type);
    // On a GPU it is faster to multiply by 1 than to wait for the factor.
    at::_foreach_mul_(gradients, (options.max_norm / (norm + kEps)).clamp_max(1));
}

}  // namespace

GradientClip::GradientClip(GradientClipOptions options) : options_(options) {
    check_above_zero(options.max_norm, "max_norm");
    check_above_zero(options.norm_type, "norm_type");
    if (options.clip_value) check_above_zero(*options.clip_value, "clip_value");
}

std::string GradientClip::settings() const {
    return options_.clip_value ? concat("clip_value ", *options_.clip_value)
                               : concat("max_norm ", options_.max_norm, ", norm_type ", options_.norm_type);
}

void GradientClip::before_step(TrainingState& state) {
    if (state.cancelled(Level::step)) return;
    if (const auto plain = plain_gradients(state)) return clip(*plain, options_);
    clip(gradients(*state.optimizer), options_);
}

std::shared_ptr<GradientClip> gradient_clip(GradientClipOptions options) {
    return std::make_shared<GradientClip>(options);
}

}  // namespace embark
