#include <algorithm>
#include <cmath>
#include <cstdio>

#include <torch/types.h>

#include "../callbacks/checkpoint/detail/checkpointer.h"
#include "../callbacks/detail/finite_fit.h"
#include "../callbacks/parallel/data_parallel.h"
#include "../callbacks/parallel/detail/sharded_tables.h"
#include "../callbacks/param_scheduler.h"
#include "../callbacks/reporting/detail/batch_log.h"
#include "../callbacks/reporting/progress.h"
#include "../callbacks/reporting/recorder.h"
#include "../core/error.h"
#include "detail/fit_identity.h"
#include "detail/learner_impl.h"
#include "detail/parameter_groups.h"
#include "detail/training_loop.h"
#include "fused/detail/choose_step.h"

namespace embark {

namespace {

void check_pct(double pct_start) {
    require<UsageError>(pct_start > 0 && pct_start < 1, "Invalid pct_start ", pct_start, ": it must be in (0, 1)");
}

void check_above_zero(double value, const char* name) {
    require<UsageError>(std::isfinite(value) && value > 0, "Invalid ", name, " ", value,
                        ": it must be a number above 0");
}

/// A schedule of the learning rate for each parameter group.
template <class ScheduleOf>
std::vector<Schedules> lr_schedules(const LearningRate& lr, size_t n_groups, ScheduleOf schedule_of) {
    std::vector<Schedules> schedules;
    for (const double rate : lr.for_groups(n_groups)) schedules.push_back({{"lr", schedule_of(rate)}});
    return schedules;
}

}  // namespace

const Records& Learner::Impl::fit(int64_t n_epoch, const LearningRate& lr, const FitOptions& fit_options,
                                  std::vector<Schedules> schedules) {
    require<UsageError>(n_epoch >= 0, "Invalid number of epochs ", n_epoch, ": it must be at least 0");
    require(static_cast<bool>(options.loss), "The learner has no loss: give one, as in {.loss = mse_loss_flat()}");
    refuse_null(fit_options.callbacks);
    require(at::GradMode::is_enabled() && !c10::InferenceMode::is_enabled(),
            "A fit needs gradients, and was called under a NoGradGuard or in inference mode: call it outside");
    if (fit_options.reset_optimizer) made_optimizer.reset();
    optimizer().set_hyper("lr", lr.for_groups(optimizer().groups().size()));
    set_weight_decay(fit_options);

    last_strategy = strategy(fit_options.callbacks);
    const ShardedTables tables(model.module());
    require<UsageError>(!tables.are_split() || !last_strategy->decides_alone(),
                        "A model with sharded tables is trained by all processes that hold them: leave out the "
                        "callback data_parallel(), or give it their strategy");
    const Events events = fit_events(fit_options, n_epoch, schedules);
    std::optional<SparseEmbeddings> sparse;
    if (options.embedding_update == EmbeddingUpdate::lazy) sparse.emplace(model.module());
    const ChosenStep chosen =
        choose_step({model, options.loss, optimizer(), events.callbacks(), dls.train().is_weighted()}, options.step,
                    options.fused_step);
    if (options.progress && last_strategy->is_main_process() && !chosen.message.empty())
        std::fprintf(stderr, "%s\n", chosen.message.c_str());
    TrainingLoop loop(dls, model, options.loss, chosen.step.get(), events);
    TrainingState state;
    state.model = &model.module();
    state.forward = model;
    state.optimizer = &optimizer();
    state.loss_func = &options.loss;
    state.dls = &dls;
    state.strategy = last_strategy;
    try {
        loop.fit(state, n_epoch, passes);
    } catch (...) {
        optimizer().zero_grad();
        events.cleanup_after_exception(state);
        throw;
    }
    passes += n_epoch;
    // A batch that was left early may have kept its gradients.
    optimizer().zero_grad();
    events.cleanup(state);
    records = std::move(state.records);
    stop_reason = state.stop_reason();
    return records;
}

std::shared_ptr<Strategy> Learner::Impl::strategy(const std::vector<std::shared_ptr<Callback>>& more) const {
    for (const auto* callbacks : {&options.callbacks, &more}) {
        for (const auto& callback : *callbacks) {
            if (auto brought = callback->strategy()) return brought;
        }
    }
    return ShardedTables(model.module()).strategy();
}

void Learner::Impl::set_weight_decay(const FitOptions& fit_options) {
    const auto asked = fit_options.weight_decay ? fit_options.weight_decay : options.weight_decay;
    check_weight_decay(asked.value_or(0));
    if (asked || optimizer().has_hyper("wd")) optimizer().set_hyper("wd", asked.value_or(default_weight_decay));
}

Events Learner::Impl::fit_events(const FitOptions& fit_options, int64_t n_epoch,
                                 const std::vector<Schedules>& schedules) const {
    const auto& dir = fit_options.checkpoint.dir;
    const auto log = dir.empty() ? nullptr : std::make_shared<BatchLog>(dir);
    std::vector<std::shared_ptr<Callback>> callbacks = {std::make_shared<Recorder>(options.metrics, log)};
    if (options.progress) callbacks.push_back(std::make_shared<Progress>());
    if (!schedules.empty()) callbacks.push_back(std::make_shared<ParamScheduler>(schedules));
    callbacks.insert(callbacks.end(), options.callbacks.begin(), options.callbacks.end());
    callbacks.insert(callbacks.end(), fit_options.callbacks.begin(), fit_options.callbacks.end());
    if (!may_diverge) callbacks.push_back(std::make_shared<FiniteFit>());

    const bool is_brought = std::any_of(callbacks.begin(), callbacks.end(),
                                        [](const auto& callback) { return callback->strategy() != nullptr; });
    if (!is_brought && !last_strategy->decides_alone()) callbacks.push_back(data_parallel({.strategy = last_strategy}));

    if (dir.empty()) {
        callbacks.push_back(std::make_shared<StopOnRequest>(fit_options.stop));
    } else {
        callbacks.push_back(checkpointer(fit_options, n_epoch, schedules, callbacks, log));
    }
    return Events(std::move(callbacks));
}

std::shared_ptr<Callback> Learner::Impl::checkpointer(const FitOptions& fit_options, int64_t n_epoch,
                                                      const std::vector<Schedules>& schedules,
                                                      const std::vector<std::shared_ptr<Callback>>& callbacks,
                                                      const std::shared_ptr<BatchLog>& log) const {
    std::vector<std::shared_ptr<Callback>> own = options.callbacks;
    own.insert(own.end(), fit_options.callbacks.begin(), fit_options.callbacks.end());
    StateDict identity = fit_identity({.dls = dls,
                                       .model = model,
                                       .options = options,
                                       .optimizer = *made_optimizer,
                                       .callbacks = own,
                                       .schedules = schedules,
                                       .n_epoch = n_epoch,
                                       .earlier_epochs = passes});
    // Of sharded tables each reads the rows that are its own then, however many processes there were.
    if (ShardedTables(model.module()).empty()) last_strategy->identify(identity);

    const CheckpointOptions& checkpoint = fit_options.checkpoint;
    const bool says = options.progress && last_strategy->is_main_process();
    if (checkpoint.resume && says) {
        const bool there = std::filesystem::exists(checkpoint_path(checkpoint.dir));
        std::fprintf(stderr, there ? "Going on from the checkpoint in %s\n" : "No checkpoint in %s, starting afresh\n",
                     checkpoint.dir.c_str());
    }
    const auto others = Events(callbacks).callbacks();  // in the order in which they are called
    return std::make_shared<Checkpointer>(checkpoint, std::move(identity), others, log, fit_options.stop, says);
}

const Records& Learner::fit(int64_t n_epoch, std::optional<LearningRate> lr, const FitOptions& options) {
    return impl_->fit(n_epoch, lr.value_or(impl_->options.lr), options);
}

const Records& Learner::fit_one_cycle(int64_t n_epoch, std::optional<LearningRate> lr_max,
                                      const OneCycleOptions& options) {
    const LearningRate lr = lr_max.value_or(impl_->options.lr);
    check_pct(options.pct_start);
    check_above_zero(options.div, "div");
    check_above_zero(options.div_final, "div_final");
    auto schedules = lr_schedules(lr, optimizer().groups().size(), [&](double rate) {
        return combined_cos(options.pct_start, rate / options.div, rate, rate / options.div_final);
    });
    const Momentums moms = options.moms.value_or(impl_->options.moms);
    if (optimizer().has_hyper("mom")) {
        for (auto& group : schedules) group["mom"] = combined_cos(options.pct_start, moms.start, moms.middle, moms.end);
    }
    return impl_->fit(n_epoch, lr, options.fit, std::move(schedules));
}

const Records& Learner::fit_flat_cos(int64_t n_epoch, std::optional<LearningRate> lr_flat,
                                     const FlatCosOptions& options) {
    const LearningRate lr = lr_flat.value_or(impl_->options.lr);
    check_pct(options.pct_start);
    check_above_zero(options.div_final, "div_final");
    auto schedules = lr_schedules(lr, optimizer().groups().size(), [&](double rate) {
        return combined_cos(options.pct_start, rate, rate, rate / options.div_final);
    });
    return impl_->fit(n_epoch, lr, options.fit, std::move(schedules));
}

const Records& Learner::fit_sgdr(int64_t n_cycles, int64_t cycle_len, std::optional<LearningRate> lr_max,
                                 const SgdrOptions& options) {
    require<UsageError>(n_cycles >= 1, "Invalid number of cycles ", n_cycles, ": at least 1 is needed");
    require<UsageError>(cycle_len >= 1, "Invalid cycle_len ", cycle_len, ": at least 1 epoch is needed");
    require<UsageError>(options.cycle_mult >= 1, "Invalid cycle_mult ", options.cycle_mult, ": it must be at least 1");
    std::vector<double> lengths;
    double n_epoch = 0;
    for (double length = static_cast<double>(cycle_len); static_cast<int64_t>(lengths.size()) < n_cycles;
         length *= static_cast<double>(options.cycle_mult)) {
        lengths.push_back(length);
        n_epoch += length;
    }
    require<UsageError>(n_epoch < 1e9, "Cycles of ", lengths.back(), " epochs are too long");
    for (double& length : lengths) length /= n_epoch;

    const LearningRate lr = lr_max.value_or(impl_->options.lr);
    auto schedules = lr_schedules(lr, optimizer().groups().size(), [&](double rate) {
        std::vector<Schedule> cycles(lengths.size(), sched_cos(rate, 0));
        if (options.slow_start) {
            cycles.front() = [rate, cosine = cycles.front()](double p) { return p < 0.05 ? rate / 100 : cosine(p); };
        }
        return combine_scheds(lengths, cycles);
    });
    return impl_->fit(static_cast<int64_t>(n_epoch), lr, options.fit, std::move(schedules));
}

const Records& Learner::fine_tune(int64_t n_epoch, double base_lr, const FineTuneOptions& options) {
    require<UsageError>(options.freeze_epochs >= 0, "Invalid freeze_epochs ", options.freeze_epochs,
                        ": it must be at least 0");
    check_above_zero(options.lr_mult, "lr_mult");
    OneCycleOptions frozen{.pct_start = 0.99, .fit = options.fit};
    OneCycleOptions unfrozen{.div = options.div, .pct_start = options.pct_start, .fit = options.fit};
    if (!options.fit.checkpoint.dir.empty()) {
        frozen.fit.checkpoint.dir /= "frozen";
        unfrozen.fit.checkpoint.dir /= "unfrozen";
    }
    freeze();
    fit_one_cycle(options.freeze_epochs, slice(base_lr), frozen);
    if (impl_->last_strategy->any(options.fit.stop.stop_requested())) return records();
    unfreeze();
    return fit_one_cycle(n_epoch, slice(base_lr / 2 / options.lr_mult, base_lr / 2), unfrozen);
}

}  // namespace embark
