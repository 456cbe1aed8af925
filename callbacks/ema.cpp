#include "ema.h"

#include <algorithm>
#include <set>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "../core/error.h"
#include "../core/state_dict.h"
#include "../modules/sharded_embedding.h"
#include "../optim/optimizer.h"
#include "training_state.h"

namespace embark {

ExponentialMovingAverage::ExponentialMovingAverage(EmaOptions options) : options_(options) {
    require<UsageError>(options.decay >= 0 && options.decay < 1, "Invalid decay ", options.decay,
                        " of a moving average: it must be at least 0 and below 1");
}

std::string ExponentialMovingAverage::settings() const {
    return concat("decay ", options_.decay, options_.warmup ? ", warmup" : "");
}

void ExponentialMovingAverage::before_fit(TrainingState& state) {
    require(sharded_embeddings(*state.model).empty(),
            "ema needs all weights in each process, and the model has sharded tables; leave one of the two out");
    const torch::NoGradGuard no_grad;
    *this = ExponentialMovingAverage(options_);
    std::set<const void*> known;
    const auto add = [&](const std::string& name, const at::Tensor& value) {
        // A parameter may be registered under two names.
        if (!value.is_floating_point() || !known.insert(value.unsafeGetTensorImpl()).second) return;
        names_.push_back(name);
        values_.push_back(value);
        kept_.push_back(value.detach().clone());
    };
    for (const auto& item : state.model->named_parameters()) add(item.key(), item.value());
    for (const auto& item : state.model->named_buffers()) add(item.key(), item.value());
}

void ExponentialMovingAverage::exchange() {
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < values_.size(); ++i) {
        const at::Tensor value = values_[i].detach().clone();
        values_[i].copy_(kept_[i]);
        kept_[i].copy_(value);
    }
    model_has_average_ = !model_has_average_;
}

void ExponentialMovingAverage::before_train(TrainingState&) {
    if (model_has_average_) exchange();
}

void ExponentialMovingAverage::after_step(TrainingState&) {
    const torch::NoGradGuard no_grad;
    const auto t = static_cast<double>(steps_++);
    const double decay = options_.warmup ? std::min(options_.decay, (1 + t) / (10 + t)) : options_.decay;
    for (size_t i = 0; i < values_.size(); ++i) kept_[i].lerp_(values_[i].detach(), 1 - decay);
}

void ExponentialMovingAverage::after_train(TrainingState&) {
    if (!model_has_average_) exchange();
}

void ExponentialMovingAverage::after_fit(TrainingState& state) {
    // A fit that was left in the middle of an epoch's training ends with the averages, too.
    if (!kept_.empty() && !model_has_average_) exchange();
    state.optimizer->weights_replaced();
    kept_.clear();
}

void ExponentialMovingAverage::cleanup_fit(TrainingState&) {
    // After an exception the model has the weights that it was trained with.
    if (!kept_.empty() && model_has_average_) exchange();
    names_.clear();
    values_.clear();
    kept_.clear();
    model_has_average_ = false;
}

void ExponentialMovingAverage::save_state(StateDict& to, const TrainingState&) const {
    to.set("steps", steps_);
    to.set("model_has_average", static_cast<int64_t>(model_has_average_));
    for (size_t i = 0; i < kept_.size(); ++i) to.set("kept." + names_[i], kept_[i]);
}

void ExponentialMovingAverage::load_state(const StateDict& from, TrainingState& state) {
    if (state.was_over(Level::fit)) {  // the model that was saved has the averages, and no after_fit follows
        kept_.clear();
        return;
    }
    const torch::NoGradGuard no_grad;
    Tensors kept;
    for (size_t i = 0; i < names_.size(); ++i) {
        kept.push_back(from.get_like("kept." + names_[i], kept_[i]));
    }
    steps_ = from.get_integer("steps", 0);
    model_has_average_ = from.get<bool>("model_has_average");
    for (size_t i = 0; i < kept.size(); ++i) kept_[i].copy_(kept[i]);
}

std::shared_ptr<ExponentialMovingAverage> ema(EmaOptions options) {
    return std::make_shared<ExponentialMovingAverage>(options);
}

}  // namespace embark
