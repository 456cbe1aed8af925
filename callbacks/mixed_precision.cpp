#include "mixed_precision.h"

#include <cmath>
#include <map>

#include <torch/types.h>

#include "../core/detail/autocast_scope.h"
#include "../core/error.h"
#include "../core/state_dict.h"
#include "gradients.h"
#include "training_state.h"

namespace embark {

class MixedPrecision::Autocast : public AutocastScope {
public:
    Autocast(at::DeviceType device, at::ScalarType type) : AutocastScope(device, /*enabled=*/true, type) {}
};

namespace {

at::Tensor to_float(const at::Tensor& tensor) {
    const bool is_short = tensor.scalar_type() == at::kHalf || tensor.scalar_type() == at::kBFloat16;
    return is_short ? tensor.to(at::kFloat) : tensor;
}

void check(const MixedPrecisionOptions& options) {
    require<UsageError>(options.init_scale > 0 && std::isfinite(options.init_scale), "Invalid init_scale ",
                        options.init_scale, ": it must be a number above 0");
    require<UsageError>(options.growth_factor > 1 && std::isfinite(options.growth_factor), "Invalid growth_factor ",
                        options.growth_factor, ": it must be a number above 1");
    require<UsageError>(options.backoff_factor > 0 && options.backoff_factor < 1, "Invalid backoff_factor ",
                        options.backoff_factor, ": it must be in (0, 1)");
    require<UsageError>(options.growth_interval >= 1, "Invalid growth_interval ", options.growth_interval,
                        ": at least 1 step is needed");
}

}  // namespace

MixedPrecision::MixedPrecision(MixedPrecisionOptions options) : options_(options) {
    check(options);
}

MixedPrecision::~MixedPrecision() = default;

std::string MixedPrecision::settings() const {
    return scales() ? concat("fp16, init_scale ", options_.init_scale, ", growth_factor ", options_.growth_factor,
                             ", backoff_factor ", options_.backoff_factor, ", growth_interval ",
                             options_.growth_interval)
                    : "bf16";
}

void MixedPrecision::before_fit(TrainingState&) {
    scale_ = scales() ? options_.init_scale : 1;
    growth_tracker_ = 0;
    skipped_steps_ = 0;
}

void MixedPrecision::before_batch(TrainingState& state) {
    const auto device = state.batch.inputs.front().device().type();
    require(at::autocast::is_autocast_available(device), "mixed_precision cannot be used on ",
            c10::DeviceTypeName(device, /*lower_case=*/true), ": LibTorch has no autocast for it");
    autocast_.reset();
    autocast_ = std::make_unique<Autocast>(device, scales() ? at::kHalf : at::kBFloat16);
}

void MixedPrecision::after_pred(TrainingState& state) {
    for (auto& prediction : state.predictions) prediction = to_float(prediction);
}

void MixedPrecision::after_loss(TrainingState&) {
    autocast_.reset();
}

void MixedPrecision::before_backward(TrainingState& state) {
    if (!scales()) return;
    state.loss = to_float(state.loss);  // in which the scale is no infinity
    state.loss_scale *= scale_;
    state.step.grad_scale = scale_;
}

void MixedPrecision::before_step(TrainingState& state) {
    if (scales() && !state.cancelled(Level::step)) unscale(state);
}

void MixedPrecision::unscale(TrainingState& state) {
    std::map<at::ScalarType, std::vector<at::Tensor>> by_type;
    // Where the gradients are, which the loss that is recorded need not be.
    at::TensorOptions number(at::kFloat);
    for (auto& gradient : gradients(*state.optimizer)) {
        by_type[gradient.scalar_type()].push_back(gradient);
        number = number.device(gradient.device());
    }
    at::Tensor overflow = at::zeros({}, number);
    const auto factor = at::full({}, 1 / scale_, number);
    for (const auto& [type, all] : by_type) {
        at::_amp_foreach_non_finite_check_and_unscale_(all, overflow, factor);
    }
    state.step.grad_scale = 1;

    overflow = overflow.cpu();
    at::Tensor scale = at::full({}, scale_, at::kFloat), tracker = at::full({}, growth_tracker_, at::kInt);
    at::_amp_update_scale_(scale, tracker, overflow, options_.growth_factor, options_.backoff_factor,
                           options_.growth_interval);
    scale_ = scale.item<double>();
    growth_tracker_ = tracker.item<int>();
    if (overflow.item<float>() == 0) return;
    ++skipped_steps_;
    state.cancel(Level::step);
}

void MixedPrecision::save_state(StateDict& to, const TrainingState&) const {
    to.set("scale", scale_);
    to.set("growth_tracker", growth_tracker_);
    to.set("skipped_steps", skipped_steps_);
}

void MixedPrecision::load_state(const StateDict& from, TrainingState&) {
    scale_ = from.get<double>("scale");
    require(std::isfinite(scale_) && scale_ >= 0, "the saved 'scale' is ", scale_, ", and must be at least 0");
    growth_tracker_ = from.get_integer("growth_tracker", 0, options_.growth_interval);
    skipped_steps_ = from.get_integer("skipped_steps", 0);
}

void MixedPrecision::after_batch(TrainingState&) {
    autocast_.reset();
}
void MixedPrecision::after_cancel_batch(TrainingState&) {
    autocast_.reset();
}
void MixedPrecision::after_cancel_train(TrainingState&) {
    autocast_.reset();
}
void MixedPrecision::after_cancel_validate(TrainingState&) {
    autocast_.reset();
}
void MixedPrecision::after_cancel_epoch(TrainingState&) {
    autocast_.reset();
}
void MixedPrecision::after_cancel_fit(TrainingState&) {
    autocast_.reset();
}
void MixedPrecision::cleanup_fit(TrainingState&) {
    autocast_.reset();
}

std::shared_ptr<MixedPrecision> mixed_precision(MixedPrecisionOptions options) {
    return std::make_shared<MixedPrecision>(options);
}

std::shared_ptr<MixedPrecision> mixed_precision(AmpMode amp_mode) {
    return mixed_precision({.amp_mode = amp_mode});
}

}  // namespace embark
