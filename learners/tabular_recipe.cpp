#include "tabular_recipe.h"

#include <algorithm>
#include <bit>

#include "../callbacks/early_stopping.h"
#include "../callbacks/ema.h"
#include "../callbacks/reduce_lr_on_plateau.h"
#include "../core/error.h"
#include "../core/text.h"
#include "detail/recipe_epochs.h"

namespace embark {

namespace {

/// A power of two that makes some fifty steps of an epoch, where the rows are neither few nor very many.
int64_t batch_size_for(int64_t rows) {
    return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(std::clamp<int64_t>(rows / 50, 8, 512))));
}

}  // namespace

TabularRecipe default_recipe(int64_t rows) {
    TabularRecipe recipe;
    recipe.data.scaling = Scaling::automatic;
    recipe.data.scale_targets = true;
    recipe.data.batch_size = batch_size_for(rows);
    recipe.data.valid_batch_size = 2048;
    // Of few rows networks overfit, each in its own way, and small batches make several cheap.
    const bool few = rows < 5000;
    recipe.model = {.layers = {128, 64}, .use_bn = false, .bn_cont = false, .members = few ? 4 : 1};
    if (few) recipe.model.ps = {0.1};
    recipe.learner.lr = 3e-3;
    recipe.learner.weight_decay = 0.1;
    recipe.n_epoch = 5;
    recipe.min_steps = few ? 1000 : 2000;
    recipe.restore_best = true;
    return recipe;
}

TabularRecipe fastai_recipe() {
    TabularRecipe recipe;
    recipe.data.hide_categories = 0;
    return recipe;
}

TabularRecipe best_recipe(int64_t rows) {
    TabularRecipe recipe;
    recipe.data.scaling = Scaling::quantile;
    recipe.data.scale_targets = true;
    recipe.data.batch_size = std::min<int64_t>(256, batch_size_for(rows));
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
    recipe.ema_decay = 0.998;
    return recipe;
}

TabularRecipe recipe_of(std::string_view name, int64_t rows) {
    if (name == "default") return default_recipe(rows);
    if (name == "fastai") return fastai_recipe();
    if (name == "best") return best_recipe(rows);
    fail<UsageError>("Unknown preset '", name, "'", name_hint(name, {"default", "fastai", "best"}));
}

const Records& fit_recipe(TabularLearner& learn, const TabularRecipe& recipe, const FitOptions& options) {
    FitOptions fit = options;
    const int64_t n_epoch = epochs_for(recipe.n_epoch, recipe.min_steps, learn.dls().train());
    if (recipe.ema_decay > 0) fit.callbacks.push_back(ema({.decay = recipe.ema_decay}));
    if (recipe.lr_patience > 0) {
        fit.callbacks.push_back(reduce_lr_on_plateau({.patience = recipe.lr_patience, .factor = 5}));
    }
    if (recipe.patience > 0) {
        fit.callbacks.push_back(early_stopping({.patience = recipe.patience, .restore_best = true}));
    } else if (recipe.restore_best && learn.dls().has_valid()) {
        fit.callbacks.push_back(best_epoch(n_epoch));
    }
    const double lr = recipe.learner.lr;
    return recipe.one_cycle ? learn.fit_one_cycle(n_epoch, lr, fit) : learn.fit(n_epoch, lr, fit);
}

}  // namespace embark
