#pragma once

#include <string_view>

#include "tabular_learner.h"

namespace embark {

/// How a table is prepared, what model is made for it and how that is trained, as one thing to begin from: change what
/// should be other, then
///
///     auto recipe = best_recipe();
///     recipe.data.y_names = {"salary"};
///     auto learn = tabular_learner(TabularDataLoaders::from_table(table, recipe.data), recipe.model, recipe.learner);
///     fit_recipe(learn, recipe);
struct TabularRecipe {
    TabularOptions data = {};          ///< how the table is prepared
    TabularLearnerOptions model = {};  ///< what tabular_learner makes
    /// Its lr is the fit's.
    LearnerOptions learner = {};
    int64_t n_epoch = 3;  ///< of one-cycle
    /// More epochs where these make fewer training steps than this, at most kMostEpochs; 0: just these.
    int64_t min_steps = 0;
    /// One-cycle; false: a constant learning rate.
    bool one_cycle = true;
    /// A fifth of the learning rate once the validation loss did not improve for so many epochs; 0: never.
    int64_t lr_patience = 0;
    /// End once the validation loss did not improve for so many epochs, and take the best epoch's model; 0: never.
    int64_t patience = 0;
    /// Train to an exponential moving average of the weights of this decay (ExponentialMovingAverage), which is what is
    /// validated and kept; 0: to the weights themselves.
    double ema_decay = 0;
    /// Take the best epoch's model where the fit does not end early, too: the one of the lowest validation loss.
    bool restore_best = false;
};

/// What a table's network trains well with where nothing is known of the table, in seconds: values are learned with
/// mean 0 and deviation 1, numbers by rank, and there are steps enough also for few rows. `rows`, training and
/// validation rows together, decide the batch size.
TabularRecipe default_recipe(int64_t rows = 10'000);

/// What fastai's tabular_learner does by default, three epochs of one-cycle.
TabularRecipe fastai_recipe();

/// What predicts best where nothing is known of the table: a TabM ensemble of 8 with periodic embeddings of numbers
/// that were brought to a normal distribution, and of each value where there are few; the moving average of the
/// weights, as many epochs as help (Gorishniy et al., arXiv:2410.24210, arXiv:2203.05556). choose_derived_numbers finds
/// out what it should derive of a table's numbers besides. `rows` decide the batch size as for default_recipe, at most
/// 256, which is what more than 12,800 rows have.
TabularRecipe best_recipe(int64_t rows = 20'000);

/// "default", "fastai" or "best", for a table of so many rows. Throws UsageError for another name.
TabularRecipe recipe_of(std::string_view name, int64_t rows = 10'000);

/// Trains `learn`, which was made of it, as the recipe says; without a validation part, all its epochs.
const Records& fit_recipe(TabularLearner& learn, const TabularRecipe& recipe, const FitOptions& options = {});

}  // namespace embark
