#include "learner.h"

#include <cmath>

#include <torch/torch.h>

#include "../callbacks/param_scheduler.h"
#include "../callbacks/progress.h"
#include "../callbacks/recorder.h"
#include "../core/error.h"
#include "../optim/schedule.h"
#include "learner_state.h"
#include "parameter_groups.h"
#include "run_lr_find.h"
#include "train_step.h"
#include "training_loop.h"

namespace embark {

namespace {

/// Ends the fit once its stop token asks for it.
class StopOnRequest : public Callback {
public:
    explicit StopOnRequest(std::stop_token stop) : stop_(std::move(stop)) {}
    int order() const override { return 100; }
    std::string name() const override { return "stop_on_request"; }
    void after_batch(TrainingState& state) override {
        if (stop_.stop_requested()) {
            state.cancel(Level::fit, concat("asked to stop, in epoch ", state.epoch, " after batch ", state.iteration));
        }
    }

private:
    std::stop_token stop_;
};

void check_lr(double lr) {
    require<UsageError>(std::isfinite(lr) && lr > 0, "Invalid learning rate ", lr, ": it must be a number above 0");
}

void check_weight_decay(double weight_decay) {
    require<UsageError>(std::isfinite(weight_decay) && weight_decay >= 0, "Invalid weight decay ", weight_decay,
                        ": it must be a number of at least 0");
}

void check_pct(double pct_start) {
    require<UsageError>(pct_start > 0 && pct_start < 1, "Invalid pct_start ", pct_start, ": it must be in (0, 1)");
}

}  // namespace

struct Learner::Impl {
    Impl(DataLoaders dls_, Model model_, LearnerOptions options_)
        : dls(std::move(dls_)), model(std::move(model_)), options(std::move(options_)) {
        check_lr(options.lr);
        if (options.weight_decay) check_weight_decay(*options.weight_decay);
        model.module().to(dls.train().options().device);
    }

    Optimizer& optimizer() {
        if (!made_optimizer) {
            made_optimizer = options.optimizer(parameter_groups(model.module(), options.wd_bn_bias));
            default_weight_decay = made_optimizer->has_hyper("wd") ? made_optimizer->hyper("wd") : 0;
        }
        return *made_optimizer;
    }

    const Records& fit(int64_t n_epoch, double lr, const FitOptions& fit_options,
                       std::shared_ptr<Callback> scheduler = nullptr);
    void set_weight_decay(const FitOptions& fit_options);
    Events fit_events(const FitOptions& fit_options, std::shared_ptr<Callback> scheduler) const;

    DataLoaders dls;
    Model model;
    LearnerOptions options;
    std::unique_ptr<Optimizer> made_optimizer;
    double default_weight_decay = 0;
    Records records;
    std::string stop_reason;
    bool finding_lr = false;
    int64_t passes = 0;  // over the training data, by earlier fits: the number of the next permutation
};

const Records& Learner::Impl::fit(int64_t n_epoch, double lr, const FitOptions& fit_options,
                                  std::shared_ptr<Callback> scheduler) {
    require<UsageError>(n_epoch >= 0, "Invalid number of epochs ", n_epoch, ": it must be at least 0");
    check_lr(lr);
    require(static_cast<bool>(options.loss), "The learner has no loss: give one, as in {.loss = mse_loss_flat()}");
    if (fit_options.reset_optimizer) made_optimizer.reset();
    optimizer().set_hyper("lr", lr);
    set_weight_decay(fit_options);

    const Events events = fit_events(fit_options, std::move(scheduler));
    AutogradStep step(model, options.loss, optimizer());
    TrainingLoop loop(dls, model, options.loss, step, events);
    TrainingState state;
    state.model = &model.module();
    state.optimizer = &optimizer();
    state.finding_lr = finding_lr;
    const int64_t first_pass = std::exchange(passes, passes + n_epoch);
    try {
        loop.fit(state, n_epoch, first_pass);
    } catch (...) {
        optimizer().zero_grad();
        try {
            events.cleanup(state);
        } catch (...) {
            // What ended the fit is what the caller must hear of, not what it led to.
        }
        throw;
    }
    events.cleanup(state);
    records = std::move(state.records);
    stop_reason = state.stop_reason();
    return records;
}

void Learner::Impl::set_weight_decay(const FitOptions& fit_options) {
    const auto asked = fit_options.weight_decay ? fit_options.weight_decay : options.weight_decay;
    if (asked) check_weight_decay(*asked);
    if (asked || optimizer().has_hyper("wd")) optimizer().set_hyper("wd", asked.value_or(default_weight_decay));
}

Events Learner::Impl::fit_events(const FitOptions& fit_options, std::shared_ptr<Callback> scheduler) const {
    std::vector<std::shared_ptr<Callback>> callbacks = {std::make_shared<Recorder>(options.metrics),
                                                        std::make_shared<StopOnRequest>(fit_options.stop)};
    if (options.progress) callbacks.push_back(std::make_shared<Progress>());
    if (scheduler) callbacks.push_back(std::move(scheduler));
    callbacks.insert(callbacks.end(), options.callbacks.begin(), options.callbacks.end());
    callbacks.insert(callbacks.end(), fit_options.callbacks.begin(), fit_options.callbacks.end());
    return Events(std::move(callbacks));
}

Learner::Learner(DataLoaders dls, Model model, LearnerOptions options)
    : impl_(std::make_unique<Impl>(std::move(dls), std::move(model), std::move(options))) {}
Learner::~Learner() = default;
Learner::Learner(Learner&&) noexcept = default;
Learner& Learner::operator=(Learner&&) noexcept = default;

const Records& Learner::fit(int64_t n_epoch, std::optional<double> lr, const FitOptions& options) {
    return impl_->fit(n_epoch, lr.value_or(impl_->options.lr), options);
}

const Records& Learner::fit_one_cycle(int64_t n_epoch, std::optional<double> lr_max, const OneCycleOptions& options) {
    const double lr = lr_max.value_or(impl_->options.lr);
    check_lr(lr);
    check_pct(options.pct_start);
    require<UsageError>(options.div > 0 && options.div_final > 0, "Invalid div ", options.div, " or div_final ",
                        options.div_final, ": both must be above 0");
    const double pct = options.pct_start;
    Schedules schedules = {{"lr", combined_cos(pct, lr / options.div, lr, lr / options.div_final)}};
    const Momentums moms = options.moms.value_or(impl_->options.moms);
    if (optimizer().has_hyper("mom")) {
        schedules["mom"] = combined_cos(pct, moms.start, moms.middle, moms.end);
    }
    return impl_->fit(n_epoch, lr,
                      {.weight_decay = options.weight_decay,
                       .callbacks = options.callbacks,
                       .reset_optimizer = options.reset_optimizer,
                       .stop = options.stop},
                      std::make_shared<ParamScheduler>(std::move(schedules)));
}

LrFind Learner::lr_find(const LrFindOptions& options) {
    const LearnerState before(*this);
    const auto random = rng_state();
    const auto passes = impl_->passes;
    const auto records = impl_->records;
    const auto stop_reason = impl_->stop_reason;
    const bool progress = std::exchange(impl_->options.progress, false);
    impl_->finding_lr = true;
    const auto restore = [&] {
        before.restore(*this);
        set_rng_state(random);
        impl_->passes = passes;
        impl_->records = records;
        impl_->stop_reason = stop_reason;
        impl_->options.progress = progress;
        impl_->finding_lr = false;
    };
    try {
        auto found = run_lr_find(*this, options);
        restore();
        return found;
    } catch (...) {
        restore();
        throw;
    }
}

Validation Learner::validate() {
    return validate(impl_->dls.valid());
}

Validation Learner::validate(const DataLoader& loader) {
    require(static_cast<bool>(impl_->options.loss), "The learner has no loss to validate with");
    const auto recorder = std::make_shared<Recorder>(impl_->options.metrics);
    const Events events({recorder});
    AutogradStep step(impl_->model, impl_->options.loss, optimizer());
    TrainingState state;
    TrainingLoop(impl_->dls, impl_->model, impl_->options.loss, step, events).validate(state, loader);
    Validation result{.loss = recorder->valid_loss()};
    for (size_t i = 0; i < recorder->metrics().size(); ++i) {
        result.metrics[recorder->metrics()[i].name()] = recorder->metric_values()[i];
    }
    return result;
}

Predictions Learner::get_preds() {
    return get_preds(impl_->dls.valid());
}

Predictions Learner::get_preds(const DataLoader& loader) {
    torch::NoGradGuard no_grad;
    const Loss& loss = impl_->options.loss;
    impl_->model.module().eval();
    // Every row in its place, whatever the loader does in training.
    auto options = loader.options();
    options.shuffle = options.drop_last = false;
    Tensors predictions, targets, losses;
    for (const Batch& batch : DataLoader(loader.data(), options).epoch(0)) {
        const Tensors outputs = impl_->model(batch.inputs);
        require(!outputs.empty(), "The model's forward gave no tensor");
        predictions.push_back(loss.activation(outputs.front()).to(at::kCPU));
        if (batch.targets.empty()) continue;
        targets.push_back(batch.targets.front().to(at::kCPU));
        if (loss) losses.push_back(loss(outputs, batch.targets, Reduction::none).to(at::kCPU));
    }
    const auto all = [](const Tensors& parts) { return parts.empty() ? at::Tensor() : torch::cat(parts); };
    return {all(predictions), all(targets), all(losses)};
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

void Learner::save(const std::filesystem::path& path) {
    LearnerState(*this).save(path);
}

void Learner::load(const std::filesystem::path& path) {
    LearnerState::load(path).restore(*this);
}

void Learner::export_torchscript(const std::filesystem::path& path, const ExportOptions& options) {
    embark::export_torchscript(impl_->model, impl_->dls, path, options);
}

void Learner::add_callback(std::shared_ptr<Callback> callback) {
    require(callback != nullptr, "add_callback was given no callback");
    impl_->options.callbacks.push_back(std::move(callback));
}

void Learner::remove_callback(const std::shared_ptr<Callback>& callback) {
    require(std::erase(impl_->options.callbacks, callback) > 0, "The learner does not have that callback",
            callback ? ", " + callback->name() : std::string());
}

const DataLoaders& Learner::dls() const {
    return impl_->dls;
}
const Model& Learner::model() const {
    return impl_->model;
}
const Loss& Learner::loss() const {
    return impl_->options.loss;
}
Optimizer& Learner::optimizer() {
    return impl_->optimizer();
}
const Records& Learner::records() const {
    return impl_->records;
}
const std::string& Learner::stop_reason() const {
    return impl_->stop_reason;
}

}  // namespace embark
