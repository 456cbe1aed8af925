#include "gradient_clip.h"

#include <cmath>

#include <torch/torch.h>

#include "../core/error.h"
#include "gradients.h"
#include "training_state.h"

namespace embark {

namespace {

void check_above_zero(double value, const char* name) {
    require<UsageError>(value > 0, "Invalid ", name, " ", value, ": it must be a number above 0");
}

constexpr double kEps = 1e-6;  // torch.nn.utils.clip_grad_norm_'s

void clip_norm(const std::vector<at::Tensor>& gradients, double max_norm, double norm_type) {
    if (const auto norm = norm_type == 2 ? fast_norm(gradients) : std::nullopt) {
        if (*norm + kEps > max_norm) at::_foreach_mul_(gradients, max_norm / (*norm + kEps));
        return;
    }
    const auto norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, norm_type)), norm_type);
    // On a GPU it is faster to multiply by 1 than to wait for the factor.
    at::_foreach_mul_(gradients, (max_norm / (norm + kEps)).clamp_max(1));
}

}  // namespace

GradientClip::GradientClip(GradientClipOptions options) : options_(options) {
    check_above_zero(options.max_norm, "max_norm");
    check_above_zero(options.norm_type, "norm_type");
    if (options.clip_value) check_above_zero(*options.clip_value, "clip_value");
}

void GradientClip::before_step(TrainingState& state) {
    if (state.cancelled(Level::step)) return;
    const auto all = gradients(*state.optimizer);
    if (all.empty()) return;
    torch::NoGradGuard no_grad;
    if (!options_.clip_value) return clip_norm(all, options_.max_norm, options_.norm_type);
    at::_foreach_clamp_min_(all, -*options_.clip_value);
    at::_foreach_clamp_max_(all, *options_.clip_value);
}

}  // namespace embark
