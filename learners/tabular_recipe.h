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
    TabularOptions data = {};
    TabularLearnerOptions model = {};
    /// Its lr is the fit's.
    LearnerOptions learner = {};
    int64_t n_epoch = 3;
    /// One-cycle; false: a constant learning rate.
    bool one_cycle = true;
    /// A fifth of the learning rate once the validation loss did not improve for so many epochs; 0: never.
    int64_t lr_patience = 0;
    /// End once the validation loss did not improve for so many epochs, and take the best epoch's model; 0: never.
    int64_t patience = 0;
};

/// What fastai's tabular_learner does by default, three epochs of one-cycle.
TabularRecipe fastai_recipe();

/// What predicts best where nothing is known of the table: a TabM ensemble of 8 with periodic embeddings of numbers
/// that were brought to a normal distribution, and of each value where there are few; as many epochs as help (Gorishniy
/// et al., arXiv:2410.24210, arXiv:2203.05556).
TabularRecipe best_recipe();

/// "fastai" or "best". Throws UsageError for another name.
TabularRecipe recipe_of(std::string_view name);

/// Trains `learn`, which was made of it, as the recipe says.
const Records& fit_recipe(TabularLearner& learn, const TabularRecipe& recipe, const FitOptions& options = {});

}  // namespace embark
