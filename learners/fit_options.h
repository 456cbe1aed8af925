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

/// Settings of one fit.
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

/// Settings of fit_one_cycle; the first five as in FitOptions.
struct OneCycleOptions {
    std::optional<double> weight_decay = {};
    std::vector<std::shared_ptr<Callback>> callbacks = {};
    bool reset_optimizer = false;
    std::stop_token stop = {};
    CheckpointOptions checkpoint = {};
    /// The learning rate rises from lr_max/div over pct_start of the steps, then falls to lr_max/div_final.
    double div = 25;
    double div_final = 1e5;
    double pct_start = 0.25;
    /// Empty: the Learner's.
    std::optional<Momentums> moms = {};
};

/// Settings of fit_flat_cos; the first five as in FitOptions.
struct FlatCosOptions {
    std::optional<double> weight_decay = {};
    std::vector<std::shared_ptr<Callback>> callbacks = {};
    bool reset_optimizer = false;
    std::stop_token stop = {};
    CheckpointOptions checkpoint = {};
    /// The learning rate stays for pct_start of the steps, then falls to lr/div_final.
    double div_final = 1e5;
    double pct_start = 0.75;
};

/// Settings of fit_sgdr; the first five as in FitOptions.
struct SgdrOptions {
    std::optional<double> weight_decay = {};
    std::vector<std::shared_ptr<Callback>> callbacks = {};
    bool reset_optimizer = false;
    std::stop_token stop = {};
    CheckpointOptions checkpoint = {};
    /// How many times longer each cycle is than the one before it.
    int64_t cycle_mult = 2;
    /// Keep the learning rate at lr_max/100 for the first twentieth of the first cycle, as fastai did in 2018.
    bool slow_start = false;
};

/// Settings of fine_tune; the first five as in FitOptions, with the checkpoints of the two fits in the folders `frozen`
/// and `unfrozen`.
struct FineTuneOptions {
    std::optional<double> weight_decay = {};
    std::vector<std::shared_ptr<Callback>> callbacks = {};
    bool reset_optimizer = false;
    std::stop_token stop = {};
    CheckpointOptions checkpoint = {};
    int64_t freeze_epochs = 1;
    /// How many times smaller the first group's learning rate is than the last one's.
    double lr_mult = 100;
    /// Of the second one-cycle.
    double pct_start = 0.3;
    double div = 5;
};

}  // namespace embark
