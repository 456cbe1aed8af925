#include "gradient_accumulation.h"

#include <cmath>

#include <torch/types.h>

#include "../core/error.h"
#include "../core/state_dict.h"
#include "gradients.h"
#include "training_state.h"

namespace embark {

GradientAccumulation::GradientAccumulation(GradientAccumulationOptions options) : n_acc_(options.n_acc) {
    require<UsageError>(n_acc_ >= 1, "Invalid n_acc ", n_acc_, ": it is a number of samples, at least 1");
}

std::string GradientAccumulation::settings() const {
    return concat("n_acc ", n_acc_);
}

void GradientAccumulation::before_fit(TrainingState&) {
    count_ = 0;
    weight_ = 0;
}

void GradientAccumulation::before_backward(TrainingState& state) {
    state.loss_scale *= state.weight() / static_cast<double>(n_acc_);
    state.step.accumulating = count_ + state.rows() < n_acc_;
}

void GradientAccumulation::before_step(TrainingState& state) {
    if (state.cancelled(Level::step)) return;
    count_ += state.rows();
    weight_ += state.weight();
    if (count_ < n_acc_) return state.cancel(Level::batch);  // keeps the gradients
    const auto expected = static_cast<double>(n_acc_);
    const auto all = gradients(*state.optimizer);
    if (weight_ != expected && weight_ > 0 && !all.empty()) {
        torch::NoGradGuard no_grad;
        at::_foreach_mul_(all, expected / weight_);
    }
    count_ = 0;
    weight_ = 0;
}

void GradientAccumulation::save_state(StateDict& to, const TrainingState&) const {
    to.set("count", count_);
    to.set("weight", weight_);
}

void GradientAccumulation::load_state(const StateDict& from, TrainingState&) {
    count_ = from.get_integer("count", 0, n_acc_ - 1);
    weight_ = from.get<double>("weight");
    require(std::isfinite(weight_) && weight_ >= 0, "the saved 'weight' is ", weight_, ", and must be at least 0");
}

std::shared_ptr<GradientAccumulation> gradient_accumulation(GradientAccumulationOptions options) {
    return std::make_shared<GradientAccumulation>(options);
}

}  // namespace embark
