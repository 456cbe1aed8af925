#include "averaged_weights.h"

#include <set>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "../core/error.h"
#include "../core/state_dict.h"
#include "../modules/sharded_embedding.h"
#include "../optim/optimizer.h"
#include "training_state.h"

namespace embark {

void AveragedWeights::before_fit(TrainingState& state) {
    require(sharded_embeddings(*state.model).empty(), name(),
            " needs all weights in each process, and the model has sharded tables; leave one of the two out");
    cleanup_fit(state);
    std::set<const void*> known;
    const auto add = [&](const std::string& name, const at::Tensor& value) {
        // A parameter may be registered under two names.
        if (!known.insert(value.unsafeGetTensorImpl()).second) return;
        names_.push_back(name);
        values_.push_back(value);
        kept_.push_back(value.detach().clone());
    };
    for (const auto& item : state.model->named_parameters()) add(item.key(), item.value());
    n_parameters_ = names_.size();
    for (const auto& item : state.model->named_buffers()) add(item.key(), item.value());
}

void AveragedWeights::exchange() {
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < values_.size(); ++i) {
        const at::Tensor value = values_[i].detach().clone();
        values_[i].copy_(kept_[i]);
        kept_[i].copy_(value);
    }
    model_has_average_ = !model_has_average_;
}

void AveragedWeights::update(double share, Averaged averaged) {
    const torch::NoGradGuard no_grad;
    ++updates_;
    const size_t n_averaged = averaged == Averaged::parameters ? n_parameters_ : values_.size();
    for (size_t i = 0; i < values_.size(); ++i) {
        // A buffer's infinite numbers are constants, as ends of intervals, and ∞ − ∞ is not a number. Only what would be
        // averaged is searched for them, in each batch.
        const auto is_constant = [&] { return i >= n_parameters_ && kept_[i].isinf().any().item<bool>(); };
        const bool is_averaged = i < n_averaged && values_[i].is_floating_point() && !is_constant();
        if (is_averaged)
            kept_[i].lerp_(values_[i].detach(), share);
        else
            kept_[i].copy_(values_[i].detach());
    }
}

void AveragedWeights::show_average() {
    if (updates_ > 0 && !model_has_average_) exchange();
}

void AveragedWeights::before_train(TrainingState&) {
    if (model_has_average_) exchange();
}

void AveragedWeights::after_train(TrainingState&) {
    show_average();
}

void AveragedWeights::after_fit(TrainingState& state) {
    // A fit that was left in the middle of an epoch's training ends with the average, too.
    if (!kept_.empty()) show_average();
    if (model_has_average_) state.optimizer->weights_replaced();
    kept_.clear();
}

void AveragedWeights::cleanup_fit(TrainingState&) {
    // After an exception the model has the weights that it was trained with.
    if (!kept_.empty() && model_has_average_) exchange();
    names_.clear();
    values_.clear();
    kept_.clear();
    updates_ = 0;
    model_has_average_ = false;
}

void AveragedWeights::save_state(StateDict& to, const TrainingState&) const {
    to.set("updates", updates_);
    to.set("model_has_average", static_cast<int64_t>(model_has_average_));
    for (size_t i = 0; i < kept_.size(); ++i) to.set("kept." + names_[i], kept_[i]);
}

void AveragedWeights::load_state(const StateDict& from, TrainingState& state) {
    if (state.was_over(Level::fit)) {  // the model that was saved has the average, and no after_fit follows
        kept_.clear();
        return;
    }
    const torch::NoGradGuard no_grad;
    Tensors kept;
    for (size_t i = 0; i < names_.size(); ++i) {
        kept.push_back(from.get_like("kept." + names_[i], kept_[i]));
    }
    updates_ = from.get_integer("updates", 0);
    model_has_average_ = from.get<bool>("model_has_average");
    for (size_t i = 0; i < kept.size(); ++i) kept_[i].copy_(kept[i]);
}

}  // namespace embark
