#include "tabular_recipe.h"

#include "../callbacks/early_stopping.h"
#include "../callbacks/reduce_lr_on_plateau.h"
#include "../core/error.h"
#include "../core/text.h"

namespace embark {

TabularRecipe fastai_recipe() {
    TabularRecipe recipe;
    recipe.data.hide_categories = 0;
    return recipe;
}

TabularRecipe best_recipe() {
    TabularRecipe recipe;
    recipe.data.scaling = Scaling::quantile;
    recipe.data.scale_targets = true;
    recipe.data.batch_size = 256;
    recipe.data.valid_batch_size = 2048;
    recipe.model = {.layers = {256, 256},
                    .ps = {0.2},
                    .use_bn = false,
                    .bn_cont = false,
                    .numbers = {.kind = NumberEmbeddingKind::periodic},
                    .max_values = 128,
                    .members = 8};
    recipe.learner.lr = 2e-3;
    recipe.learner.weight_decay = 3e-4;
    recipe.n_epoch = 60;
    recipe.one_cycle = false;
    recipe.lr_patience = 2;
    recipe.patience = 6;
    return recipe;
}

TabularRecipe recipe_of(std::string_view name) {
    if (name == "fastai") return fastai_recipe();
    if (name == "best") return best_recipe();
    fail<UsageError>("Unknown preset '", name, "'", name_hint(name, {"fastai", "best"}));
}

const Records& fit_recipe(TabularLearner& learn, const TabularRecipe& recipe, const FitOptions& options) {
    FitOptions fit = options;
    if (recipe.lr_patience > 0) {
        fit.callbacks.push_back(reduce_lr_on_plateau({.patience = recipe.lr_patience, .factor = 5}));
    }
    if (recipe.patience > 0) {
        fit.callbacks.push_back(early_stopping({.patience = recipe.patience, .restore_best = true}));
    }
    const double lr = recipe.learner.lr;
    return recipe.one_cycle ? learn.fit_one_cycle(recipe.n_epoch, lr, fit) : learn.fit(recipe.n_epoch, lr, fit);
}

}  // namespace embark
