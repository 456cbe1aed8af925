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
    double start = 0.95;   ///< at the first step
    double middle = 0.85;  ///< where the learning rate is highest
    double end = 0.95;     ///< at the last step
};

/// Settings of every fit. Those of a schedule have them as `fit`; where the schedule is as it comes, they can be given
/// alone:
///
///     learn.fit_one_cycle(5, 5e-3, {.weight_decay = 0.1});
///     learn.fit_one_cycle(5, 5e-3, {.div = 10, .fit = {.weight_decay = 0.1}});
struct FitOptions {
    std::optional<double> weight_decay = {};  ///< of this fit; empty: the Learner's
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
    /// The learning rate begins at lr_max/div, and rises to lr_max over pct_start of the steps.
    double div = 25;
    double div_final = 1e5;   ///< it falls to lr_max/div_final at the end
    double pct_start = 0.25;  ///< share of the steps in which the learning rate rises
    /// Empty: the Learner's.
    std::optional<Momentums> moms = {};
    FitOptions fit = {};  ///< what every fit can be told
};

/// Settings of fit_flat_cos.
struct FlatCosOptions {
    /// The learning rate falls to lr/div_final at the end.
    double div_final = 1e5;
    double pct_start = 0.75;  ///< share of the steps before it falls
    FitOptions fit = {};      ///< what every fit can be told
};

/// Settings of fit_sgdr.
struct SgdrOptions {
    /// How many times longer each cycle is than the one before it.
    int64_t cycle_mult = 2;
    /// Keep the learning rate at lr_max/100 for the first twentieth of the first cycle, as fastai did in 2018.
    bool slow_start = false;
    FitOptions fit = {};  ///< what every fit can be told
};

/// Settings of fine_tune.
struct FineTuneOptions {
    int64_t freeze_epochs = 1;  ///< epochs in which the last parameter group alone is trained
    /// How many times smaller the first group's learning rate is than the last one's.
    double lr_mult = 100;
    /// Of the second one-cycle.
    double pct_start = 0.3;
    double div = 5;  ///< the second one-cycle begins at its highest learning rate over this
    /// Of both fits, whose checkpoints go to the folders `frozen` and `unfrozen`.
    FitOptions fit = {};
};

}  // namespace embark
