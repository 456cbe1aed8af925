#include "mix_up.h"

#include <algorithm>
#include <cmath>

#include <torch/types.h>

#include "../core/error.h"
#include "detail/batch_loss.h"
#include "training_state.h"

namespace embark {

namespace {

/// λ·own + (1 − λ)·other, with one λ a row.
at::Tensor mixed(const at::Tensor& own, const at::Tensor& other, const at::Tensor& lambda) {
    std::vector<int64_t> shape(static_cast<size_t>(own.dim()), 1);
    shape.front() = own.size(0);
    return at::lerp(other, own, lambda.to(own.options()).reshape(shape));
}

void check_inputs(const Tensors& inputs) {
    for (size_t i = 0; i < inputs.size(); ++i) {
        require(inputs[i].is_floating_point(), "mix_up mixes numbers, but input ", i, " holds ",
                c10::toString(inputs[i].scalar_type()), ": there is nothing between two categories");
    }
}

}  // namespace

MixUp::MixUp(MixUpOptions options) : alpha_(options.alpha) {
    require<UsageError>(std::isfinite(alpha_) && alpha_ > 0, "Invalid alpha ", alpha_, ": it must be above 0");
}

std::string MixUp::settings() const {
    return concat("alpha ", alpha_);
}

void MixUp::before_batch(TrainingState& state) {
    other_targets_.clear();
    if (!state.training) return;
    Batch& batch = state.batch;
    check_inputs(batch.inputs);
    const auto beta = at::_sample_dirichlet(at::full({batch.size(), 2}, alpha_, at::kFloat)).select(1, 0);
    const auto device = batch.inputs.front().device();
    lambda_ = at::maximum(beta, 1 - beta).to(device);
    const auto others = at::randperm(batch.size(), at::kLong).to(device);
    const auto mix = [&](const at::Tensor& own) { return mixed(own, own.index_select(0, others), lambda_); };

    std::transform(batch.inputs.begin(), batch.inputs.end(), batch.inputs.begin(), mix);
    if (batch.weights.defined()) batch.weights = mix(batch.weights);
    const bool are_numbers = std::all_of(batch.targets.begin(), batch.targets.end(),
                                         [](const at::Tensor& target) { return target.is_floating_point(); });
    if (are_numbers) {
        std::transform(batch.targets.begin(), batch.targets.end(), batch.targets.begin(), mix);
    } else {
        for (const auto& target : batch.targets) other_targets_.push_back(target.index_select(0, others));
        // after_loss() takes the mean over rows, whatever the loss itself divides by.
        if (!batch.weights.defined() && state.loss_func != nullptr && state.loss_func->has_weight())
            batch.weights = at::ones({batch.size()}, device);
    }
}

void MixUp::after_loss(TrainingState& state) {
    if (other_targets_.empty()) return;
    if (state.loss_func->is_of_inputs()) return;  // which are mixed already
    const auto own = (*state.loss_func)(state.predictions, state.batch.targets, Reduction::none);
    const auto other = (*state.loss_func)(state.predictions, other_targets_, Reduction::none);
    state.loss = mean_over_rows(mixed(own, other, lambda_), state.batch.weights);
}

std::shared_ptr<MixUp> mix_up(MixUpOptions options) {
    return std::make_shared<MixUp>(options);
}

}  // namespace embark
