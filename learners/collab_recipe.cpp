#include "collab_recipe.h"

#include "../core/error.h"
#include "../core/text.h"
#include "detail/recipe_epochs.h"

namespace embark {

namespace {

constexpr const char *kDefault = "default", *kFastai = "fastai";

}  // namespace

CollabRecipe fastai_collab_recipe() {
    return {};
}

CollabRecipe default_collab_recipe(const CollabDataLoaders& dls) {
    CollabRecipe recipe;
    recipe.model.y_range = {dls.collab().rating_min - 0.5, dls.collab().rating_max + 0.5};
    recipe.learner.lr = 5e-3;
    recipe.learner.weight_decay = 0.1;
    recipe.min_steps = 3000;
    recipe.restore_best = true;
    recipe.model.start_at_mean = true;
    return recipe;
}

void require_known_collab_recipe(std::string_view name) {
    require<UsageError>(name == kDefault || name == kFastai, "Unknown preset '", name, "'",
                        name_hint(name, {kDefault, kFastai}));
}

CollabRecipe collab_recipe_of(std::string_view name, const CollabDataLoaders& dls) {
    require_known_collab_recipe(name);
    return name == kFastai ? fastai_collab_recipe() : default_collab_recipe(dls);
}

const Records& fit_recipe(CollabLearner& learn, const CollabRecipe& recipe, const FitOptions& options) {
    FitOptions fit = options;
    const int64_t n_epoch = epochs_for(recipe.n_epoch, recipe.min_steps, learn.dls().train());
    if (recipe.restore_best && learn.dls().has_valid()) fit.callbacks.push_back(best_epoch(n_epoch));
    return learn.fit_one_cycle(n_epoch, recipe.learner.lr, fit);
}

}  // namespace embark
