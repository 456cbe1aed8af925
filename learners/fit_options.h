#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "../callbacks/callback.h"
#include "../callbacks/checkpoint/checkpoint_options.h"

namespace embark {

/// Momentum before, at and after the middle of a one-cycle fit.
struct Momentums {
    double start = 0.95;
    double middle = 0.85;
    double end = 0.95;
};

/// Settings of every fit. Those of a schedule have them as `fit`; where the schedule is as it comes, they can be given
/// alone:
///
///     learn.fit_one_cycle(5, 5e-3, {.weight_decay = 0.1});
///     learn.fit_one_cycle(5, 5e-3, {.div = 10, .fit = {.weight_decay = 0.1}});
struct FitOptions {
    std::optional<double> weight_decay = {};
    /// For this fit alone, besides the Learner's own.
    std::vector<std::shared_ptr<Callback>> callbacks = {};
    /// Start with a new optimizer rather than the state that earlier fits left.
    bool reset_optimizer = false;
    /// Ends the fit after the batch at hand once a stop is requested.
    std::stop_token stop = {};
    /// Where to write checkpoints, and whether to go on from one.
    CheckpointOptions checkpoint = {};
};

/// Settings of fit_one_cycle.
struct OneCycleOptions {
    /// The learning rate rises from lr_max/div over pct_start of the steps, then falls to lr_max/div_final.
    double div = 25;
    double div_final = 1e5;
    double pct_start = 0.25;
    /// Empty: the Learner's.
    std::optional<Momentums> moms = {};
    FitOptions fit = {};
};

/// Settings of fit_flat_cos.
struct FlatCosOptions {
    /// The learning rate stays for pct_start of the steps, then falls to lr/div_final.
    double div_final = 1e5;
    double pct_start = 0.75;
    FitOptions fit = {};
};

/// Settings of fit_sgdr.
struct SgdrOptions {
    /// How many times longer each cycle is than the one before it.
    int64_t cycle_mult = 2;
    /// Keep the learning rate at lr_max/100 for the first twentieth of the first cycle, as fastai did in 2018.
    bool slow_start = false;
    FitOptions fit = {};
};

/// Settings of fine_tune.
struct FineTuneOptions {
    int64_t freeze_epochs = 1;
    /// How many times smaller the first group's learning rate is than the last one's.
    double lr_mult = 100;
    /// Of the second one-cycle.
    double pct_start = 0.3;
    double div = 5;
    /// Of both fits, whose checkpoints go to the folders `frozen` and `unfrozen`.
    FitOptions fit = {};
};

}  // namespace embark
