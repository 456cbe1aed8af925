#pragma once

#include <string_view>

#include "collab_learner.h"

namespace embark {

/// What model of ratings is made and how it is trained, as one thing to begin from: change what should be other, then
///
///     auto recipe = default_collab_recipe(dls);
///     auto learn = collab_learner(dls, recipe.model, recipe.learner);
///     fit_recipe(learn, recipe);
struct CollabRecipe {
    CollabModelOptions model = {};  ///< what collab_learner makes
    /// Its lr is the fit's.
    LearnerOptions learner = {};
    /// Of one-cycle.
    int64_t n_epoch = 5;
    /// More epochs where these make fewer training steps than this, at most 200; 0: just these.
    int64_t min_steps = 0;
    /// Of one-cycle: the part of the steps in which the learning rate rises.
    double pct_start = 0.25;
    /// Take the best epoch's model in the end, the one of the lowest validation loss.
    bool restore_best = false;
};

/// What fastai's collab_learner does by default, five epochs of one-cycle.
CollabRecipe fastai_collab_recipe();

/// What trains well where nothing is known of the ratings: predictions from half a rating below the lowest of the
/// training ratings to half a one above the highest, their mean at first where items have fewer than ten ratings each, and steps
/// enough also for few ratings. With several members a weight decay half as large.
CollabRecipe default_collab_recipe(const CollabDataLoaders& dls, int64_t members = 1);

/// The most accurate model of ratings: vectors that add up what a user rated, who rated an item, and what tables say of
/// both, with biases of days, where the ratings have them; every table with a weight decay of its own. It trains with
/// the batch size that collab_batch_size gives, and takes the last epoch's model. Settings were chosen on MovieLens
/// 100k, within its training part u1.base.
CollabRecipe best_collab_recipe(const CollabDataLoaders& dls, int64_t members = 1);

/// The batch size that a preset trains `n_ratings` with: 64, and for "best" up to 4096. Throws as below.
int64_t collab_batch_size(std::string_view name, int64_t n_ratings);

/// Throws UsageError for another name than "default", "fastai" and "best".
void require_known_collab_recipe(std::string_view name);

/// The recipe of that name, for a model of so many members. Throws as above.
CollabRecipe collab_recipe_of(std::string_view name, const CollabDataLoaders& dls, int64_t members = 1);

/// Trains `learn`, which was made of it, as the recipe says.
const Records& fit_recipe(CollabLearner& learn, const CollabRecipe& recipe, const FitOptions& options = {});

}  // namespace embark
