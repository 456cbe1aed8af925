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
    CollabModelOptions model = {};
    /// Its lr is the fit's.
    LearnerOptions learner = {};
    /// Of one-cycle.
    int64_t n_epoch = 5;
    /// More epochs where these make fewer training steps than this, at most 200; 0: just these.
    int64_t min_steps = 0;
    /// Take the best epoch's model in the end, the one of the lowest validation loss.
    bool restore_best = false;
};

/// What fastai's collab_learner does by default, five epochs of one-cycle.
CollabRecipe fastai_collab_recipe();

/// What trains well where nothing is known of the ratings: predictions from half a rating below the lowest of the
/// training ratings to half a one above the highest, their mean at first, and steps enough also for few ratings.
CollabRecipe default_collab_recipe(const CollabDataLoaders& dls);

/// Throws UsageError for another name than "default" and "fastai".
void require_known_collab_recipe(std::string_view name);

/// The recipe of that name. Throws as above.
CollabRecipe collab_recipe_of(std::string_view name, const CollabDataLoaders& dls);

/// Trains `learn`, which was made of it, as the recipe says.
const Records& fit_recipe(CollabLearner& learn, const CollabRecipe& recipe, const FitOptions& options = {});

}  // namespace embark
