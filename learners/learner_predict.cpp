#include <algorithm>
#include <iostream>
#include <iterator>
#include <utility>

#include <torch/types.h>

#include "../callbacks/detail/batch_loss.h"
#include "../callbacks/reporting/recorder.h"
#include "../core/error.h"
#include "../core/file.h"
#include "../core/text.h"
#include "../data/images/contact_sheet.h"
#include "detail/learner_impl.h"
#include "detail/training_loop.h"

namespace embark {

namespace {

/// Keeps every batch's predictions, targets and losses.
class GatherPredictions : public Callback {
public:
    explicit GatherPredictions(const Loss& loss) : loss_(loss) {}
    std::string name() const override { return "gather_predictions"; }

    void after_batch(TrainingState& state) override {
        require(!state.predictions.empty(), "There are no predictions of batch ", state.iteration,
                ": the model's forward gave no tensor, or a callback left the batch before");
        append(predictions_, loss_.activation(state.predictions));
        append(targets_, state.batch.targets);
        if (!loss_) return;
        const Tensors& targets = compared(loss_, state.batch);
        if (!targets.empty()) losses_.push_back(loss_(state.predictions, targets, Reduction::none).to(at::kCPU));
    }

    Predictions all() const {
        const auto first = [](const Tensors& tensors) { return tensors.empty() ? at::Tensor() : tensors.front(); };
        const Tensors predictions = joined(predictions_), targets = joined(targets_);
        return {.predictions = first(predictions),
                .targets = first(targets),
                .losses = losses_.empty() ? at::Tensor() : torch::cat(losses_),
                .all_predictions = predictions,
                .all_targets = targets};
    }

private:
    /// The batches' parts of each output, or of each target.
    using Parts = std::vector<Tensors>;

    static void append(Parts& parts, const Tensors& batch) {
        parts.resize(batch.size());
        for (size_t i = 0; i < batch.size(); ++i) parts[i].push_back(batch[i].to(at::kCPU));
    }

    static Tensors joined(const Parts& parts) {
        Tensors whole;
        for (const Tensors& part : parts) whole.push_back(torch::cat(part));
        return whole;
    }

    const Loss& loss_;
    Parts predictions_, targets_;
    Tensors losses_;
};

}  // namespace

void Learner::Impl::run_outside_fit(const std::vector<std::shared_ptr<Callback>>& asked, std::shared_ptr<Callback> own,
                                    const std::function<void(TrainingLoop&, TrainingState&)>& body) {
    std::vector<std::shared_ptr<Callback>> callbacks;
    std::copy_if(options.callbacks.begin(), options.callbacks.end(), std::back_inserter(callbacks),
                 [](const auto& callback) { return callback->runs_outside_fit(); });
    callbacks.insert(callbacks.end(), asked.begin(), asked.end());
    callbacks.push_back(std::move(own));
    const Events events(std::move(callbacks));
    TrainingLoop loop(dls, model, options.loss, /*step=*/nullptr, events);
    TrainingState state;
    state.model = &model.module();
    state.forward = model;
    state.loss_func = &options.loss;
    state.dls = &dls;
    try {
        body(loop, state);
    } catch (...) {
        events.cleanup_after_exception(state);
        throw;
    }
}

std::vector<std::pair<std::string, double>> Validation::figures() const {
    std::vector<std::pair<std::string, double>> all = {{"loss", loss}};
    all.insert(all.end(), metrics.begin(), metrics.end());
    return all;
}

std::ostream& operator<<(std::ostream& out, const Validation& validation) {
    const char* separator = "";
    for (const auto& [name, value] : validation.figures()) {
        out << std::exchange(separator, ", ") << name << " " << format_number(value);
        const auto reason = validation.undefined.find(name);
        if (reason != validation.undefined.end()) out << " (" << reason->second << ")";
    }
    return out;
}

Validation Learner::validate(const std::vector<std::shared_ptr<Callback>>& callbacks) {
    return validate(impl_->dls.valid(), callbacks);
}

Validation Learner::validate(const DataLoader& loader, std::vector<std::shared_ptr<Callback>> callbacks) {
    require(static_cast<bool>(impl_->options.loss), "The learner has no loss to validate with");
    const auto recorder = std::make_shared<Recorder>(impl_->options.metrics);
    impl_->run_outside_fit(callbacks, recorder, [&](auto& loop, auto& state) { loop.validate(state, loader); });
    Validation result{.loss = recorder->valid_loss(), .undefined = recorder->undefined()};
    for (size_t i = 0; i < recorder->metrics().size(); ++i) {
        result.metrics[recorder->metrics()[i].name()] = recorder->metric_values()[i];
    }
    return result;
}

Predictions Learner::get_preds(const std::vector<std::shared_ptr<Callback>>& callbacks) {
    return get_preds(impl_->dls.valid(), callbacks);
}

Predictions Learner::get_preds(const DataLoader& loader, std::vector<std::shared_ptr<Callback>> callbacks) {
    return impl_->predictions_of(loader.in_order(), callbacks);
}

Predictions Learner::Impl::predictions_of(const DataLoader& loader,
                                          const std::vector<std::shared_ptr<Callback>>& callbacks) {
    const auto gathered = std::make_shared<GatherPredictions>(options.loss);
    run_outside_fit(callbacks, gathered, [&](auto& loop, auto& state) { loop.validate(state, loader); });
    return gathered->all();
}

Predictions Learner::tta(int64_t n, double beta) {
    return tta(impl_->dls.valid(), n, beta);
}

Predictions Learner::tta(const DataLoader& loader, int64_t n, double beta) {
    require<UsageError>(n >= 1, "tta cannot average ", n, " passes; it needs at least 1");
    require<UsageError>(beta >= 0 && beta <= 1, "Invalid beta ", beta, " of tta; it must be between 0 and 1");
    Predictions mean = get_preds(loader);
    mean.losses = at::Tensor();
    for (at::Tensor& output : mean.all_predictions) output = output * beta;
    for (int64_t i = 0; i < n; ++i) {
        const Tensors outputs = impl_->predictions_of(loader.augmented(i), {}).all_predictions;
        const double share = (1 - beta) / static_cast<double>(n);
        for (size_t o = 0; o < outputs.size(); ++o) mean.all_predictions[o] += outputs[o] * share;
    }
    if (!mean.all_predictions.empty()) mean.predictions = mean.all_predictions.front();
    return mean;
}

at::Tensor Learner::predict(const Tensors& inputs) {
    return predict_all(inputs).front();
}

Tensors Learner::predict_all(const Tensors& inputs) {
    require(!inputs.empty(), "predict was given no inputs: it takes the tensors that the model's forward takes");
    Tensors placed;
    for (const auto& input : inputs) placed.push_back(input.to(impl_->dls.train().options().device));
    const auto gathered = std::make_shared<GatherPredictions>(impl_->options.loss);
    impl_->run_outside_fit({}, gathered, [&](auto& loop, auto& state) { loop.predict(state, std::move(placed)); });
    return gathered->all().all_predictions;
}

Table Learner::results(int64_t n) {
    require<UsageError>(n >= 0, "There are no first ", n, " rows; the number of rows must not be negative");
    const Batch first = impl_->dls.valid().first_rows(n);
    if (first.size() == 0) return impl_->dls.decode(first);
    return impl_->dls.decode(first, impl_->options.loss.decode(predict_all(first.inputs)));
}

void Learner::show_results(int64_t n) {
    std::cout << results(n).view(n, /*described=*/false) << std::flush;
}

void Learner::show_results(const std::filesystem::path& page, int64_t n) {
    require<UsageError>(n >= 1, "A page of ", n, " pictures has nothing to show; it needs at least 1");
    require_writable_path(page);
    const Batch first = impl_->dls.valid().first_rows(n);
    contact_sheet(impl_->dls, first, impl_->options.loss.decode(predict_all(first.inputs))).save(page);
}

Summary Learner::summary() {
    const auto random = rng_state();
    auto summary = summarize(impl_->model, impl_->dls.one_batch().inputs);
    set_rng_state(random);
    return summary;
}

}  // namespace embark
