#include <algorithm>
#include <iostream>

#include <torch/torch.h>

#include "../callbacks/recorder.h"
#include "../core/error.h"
#include "learner_impl.h"
#include "train_step.h"
#include "training_loop.h"

namespace embark {

namespace {

/// Keeps every batch's predictions, targets and losses.
class GatherPredictions : public Callback {
public:
    explicit GatherPredictions(const Loss& loss) : loss_(loss) {}
    std::string name() const override { return "gather_predictions"; }

    void after_batch(TrainingState& state) override {
        require(!state.predictions.empty(), "The model's forward gave no tensor");
        predictions_.push_back(loss_.activation(state.predictions.front()).to(at::kCPU));
        if (state.batch.targets.empty()) return;
        targets_.push_back(state.batch.targets.front().to(at::kCPU));
        if (loss_) losses_.push_back(loss_(state.predictions, state.batch.targets, Reduction::none).to(at::kCPU));
    }

    Predictions all() const { return {joined(predictions_), joined(targets_), joined(losses_)}; }

private:
    static at::Tensor joined(const Tensors& parts) { return parts.empty() ? at::Tensor() : torch::cat(parts); }

    const Loss& loss_;
    Tensors predictions_, targets_, losses_;
};

}  // namespace

void Learner::Impl::validate(const DataLoader& loader, std::vector<std::shared_ptr<Callback>> callbacks) {
    const Events events(std::move(callbacks));
    AutogradStep step(model, options.loss, optimizer());
    TrainingState state;
    state.model = &model.module();
    state.loss_func = &options.loss;
    try {
        TrainingLoop(dls, model, options.loss, step, events).validate(state, loader);
    } catch (...) {
        events.cleanup_after_exception(state);
        throw;
    }
}

Validation Learner::validate(const std::vector<std::shared_ptr<Callback>>& callbacks) {
    return validate(impl_->dls.valid(), callbacks);
}

Validation Learner::validate(const DataLoader& loader, std::vector<std::shared_ptr<Callback>> callbacks) {
    require(static_cast<bool>(impl_->options.loss), "The learner has no loss to validate with");
    const auto recorder = std::make_shared<Recorder>(impl_->options.metrics);
    callbacks.push_back(recorder);
    impl_->validate(loader, std::move(callbacks));
    Validation result{.loss = recorder->valid_loss()};
    for (size_t i = 0; i < recorder->metrics().size(); ++i) {
        result.metrics[recorder->metrics()[i].name()] = recorder->metric_values()[i];
    }
    return result;
}

Predictions Learner::get_preds(const std::vector<std::shared_ptr<Callback>>& callbacks) {
    return get_preds(impl_->dls.valid(), callbacks);
}

Predictions Learner::get_preds(const DataLoader& loader, std::vector<std::shared_ptr<Callback>> callbacks) {
    auto options = loader.options();
    options.shuffle = options.drop_last = false;
    const auto gathered = std::make_shared<GatherPredictions>(impl_->options.loss);
    callbacks.push_back(gathered);
    impl_->validate(DataLoader(loader.data(), options), std::move(callbacks));
    return gathered->all();
}

at::Tensor Learner::predict(const Tensors& inputs) {
    torch::NoGradGuard no_grad;
    impl_->model.module().eval();
    Tensors placed;
    for (const auto& input : inputs) placed.push_back(input.to(impl_->dls.train().options().device));
    const Tensors outputs = impl_->model(placed);
    require(!outputs.empty(), "The model's forward gave no tensor");
    return impl_->options.loss.activation(outputs.front()).to(at::kCPU);
}

Table Learner::results(int64_t n) {
    require<UsageError>(n >= 0, "There are no first ", n, " rows; the number of rows must not be negative");
    const DataLoader& valid = impl_->dls.valid();
    const Batch first = valid.data().take(torch::arange(std::min(n, valid.rows())));
    if (first.size() == 0) return impl_->dls.decode(first);
    return impl_->dls.decode(first, impl_->options.loss.decode(predict(first.inputs)));
}

void Learner::show_results(int64_t n) {
    std::cout << results(n).view(n, /*described=*/false) << std::flush;
}

Summary Learner::summary() {
    const auto random = rng_state();
    auto summary = summarize(impl_->model, impl_->dls.one_batch().inputs);
    set_rng_state(random);
    return summary;
}

}  // namespace embark
