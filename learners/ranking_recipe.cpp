#include "ranking_recipe.h"

#include <map>
#include <string>

#include <ATen/ATen.h>

#include "../core/error.h"

namespace embark {

namespace {

/// How a loss is trained: L2 of the factors, for a loss that is summed over all pairs; that of the biases is a tenth.
struct LossSettings {
    int64_t n_factors;
    double l2, lr;
    int64_t n_epoch, batch_size, negatives;
};

LossSettings settings_of(RankingKind kind, RankingLoss loss) {
    switch (loss) {
        case RankingLoss::softmax:
            if (kind == RankingKind::dot) return {128, 9, 0.02, 40, 128, 0};
            return {64, 12, 0.01, 60, 128, 0};
        case RankingLoss::sampled: return {64, 3, 0.02, 15, 2048, 100};
        case RankingLoss::bpr: return {64, 3, 0.02, 30, 2048, 16};
        case RankingLoss::bce: return {64, 3, 0.02, 30, 2048, 4};
    }
    fail("There is no such loss");
}

}  // namespace

RankingRecipe ranking_recipe(const Interactions& events, RankingKind kind, RankingLoss loss,
                             std::optional<double> l2) {
    if (!is_trained(kind)) {
        RankingRecipe recipe = {.model = {.kind = kind}};
        recipe.model.ease_l2 = l2.value_or(recipe.model.ease_l2);
        recipe.model.als.l2 = l2.value_or(recipe.model.als.l2);
        return recipe;
    }
    const LossSettings settings = settings_of(kind, loss);
    // The losses are means over pairs.
    const double decay = l2.value_or(settings.l2) / events.train().bags.weights.sum(at::kDouble).item<double>();
    std::map<std::string, double> decays = {{"item_factors", decay}, {"item_bias", decay / 10}};
    if (kind == RankingKind::dot) decays["user_factors"] = decay;
    if (kind != RankingKind::dot) decays["history_factors"] = decay;
    if (kind == RankingKind::two_tower) {
        if (events.data()->user_features.size() > 0) decays["user_feature_factors"] = decay;
        if (events.data()->item_features.size() > 0) decays["item_feature_factors"] = decay;
    }
    return {.model = {.kind = kind,
                      .loss = loss,
                      .n_factors = settings.n_factors,
                      .negatives = {.n = settings.negatives, .unseen = loss != RankingLoss::sampled},
                      .batches = {.batch_size = settings.batch_size}},
            .learner = {.optimizer = adam({.sqr_momentum = 0.999, .eps = 1e-8, .decouple_wd = false}),
                        .lr = settings.lr,
                        .weight_decays = std::move(decays),
                        .moms = {0.9, 0.9, 0.9}},
            .n_epoch = settings.n_epoch};
}

const Records& fit_recipe(RankingLearner& learn, const RankingRecipe& recipe, const FitOptions& options) {
    if (recipe.n_epoch == 0) return learn.records();
    return learn.fit_one_cycle(recipe.n_epoch, recipe.learner.lr, {.pct_start = recipe.pct_start, .fit = options});
}

}  // namespace embark
