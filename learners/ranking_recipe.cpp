#include "ranking_recipe.h"

#include <algorithm>
#include <bit>
#include <map>
#include <string>

#include <ATen/ATen.h>

#include "../core/error.h"

namespace embark {

namespace {

/// How a loss is trained: L2 of the factors, for a loss that is summed over all pairs; that of the biases is a tenth.
/// `steps_an_epoch` decides on the batch size, up to `largest_batch`.
struct LossSettings {
    int64_t n_factors;
    double l2, lr;
    int64_t n_epoch, steps_an_epoch, largest_batch, negatives;
};

/// Of users or of pairs.
int64_t chosen_batch_size(const LossSettings& settings, int64_t rows) {
    constexpr int64_t kSmallest = 16;
    const int64_t wanted = std::clamp(rows / settings.steps_an_epoch, kSmallest, settings.largest_batch);
    return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(wanted)));
}

/// Fewer epochs of very many rows, which have many steps in each.
int64_t epochs_for_rows(const LossSettings& settings, int64_t rows, int64_t batch_size) {
    constexpr int64_t kMostSteps = 20'000, kFewestEpochs = 5;
    const int64_t steps = std::max<int64_t>(1, rows / batch_size);
    return std::clamp(kMostSteps / steps, std::min(kFewestEpochs, settings.n_epoch), settings.n_epoch);
}

LossSettings settings_of(RankingKind kind, RankingLoss loss) {
    const bool dot = kind == RankingKind::dot;
    switch (loss) {
        case RankingLoss::softmax:
            if (dot) return {128, 9, 0.02, 40, 7, 512, 0};
            return {64, 12, 0.01, 60, 7, 512, 0};
        case RankingLoss::sampled: return {64, dot ? 9.0 : 12.0, 0.02, 8, 20, 8192, 100};
        case RankingLoss::bpr: return {64, dot ? 1.0 : 3.0, 0.02, 20, 20, 8192, 4};
        case RankingLoss::bce: return {64, dot ? 4.0 : 8.0, 0.02, 20, 20, 8192, 4};
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
    const int64_t rows = loss == RankingLoss::softmax ? events.train().users : events.train().pairs;
    const int64_t batch_size = chosen_batch_size(settings, rows);
    // A user's own vector is drawn by what the user had: where that is less than where the settings were chosen, it is
    // held back less.
    constexpr double kPairsOfUser = 47;
    const auto pairs_of_user = static_cast<double>(events.train().pairs) / static_cast<double>(events.train().users);
    const double chosen = kind == RankingKind::dot ? settings.l2 * std::min(1.0, pairs_of_user / kPairsOfUser) : settings.l2;
    // The losses are means over pairs.
    const double decay = l2.value_or(chosen) / events.train().bags.weights.sum(at::kDouble).item<double>();
    std::map<std::string, double> decays = {{"item_factors", decay}, {"item_bias", decay / 10}};
    if (kind == RankingKind::dot) decays["user_factors"] = decay;
    if (kind != RankingKind::dot) decays["history_factors"] = decay;
    if (kind == RankingKind::two_tower) {
        // What all items of a genre have in common must not stand in for what single items have.
        constexpr double kOfFeatures = 30;
        if (events.data()->user_features.size() > 0) decays["user_feature_factors"] = kOfFeatures * decay;
        if (events.data()->item_features.size() > 0) decays["item_feature_factors"] = kOfFeatures * decay;
    }
    return {.model = {.kind = kind,
                      .loss = loss,
                      .n_factors = settings.n_factors,
                      .negatives = {.n = settings.negatives, .unseen = loss != RankingLoss::sampled},
                      .batches = {.batch_size = batch_size}},
            .learner = {.optimizer = adam({.sqr_momentum = 0.999, .eps = 1e-8, .decouple_wd = false}),
                        .lr = settings.lr,
                        .weight_decays = std::move(decays),
                        .moms = {0.9, 0.9, 0.9}},
            .n_epoch = epochs_for_rows(settings, rows, batch_size)};
}

const Records& fit_recipe(RankingLearner& learn, const RankingRecipe& recipe, const FitOptions& options) {
    if (recipe.n_epoch == 0) return learn.records();
    return learn.fit_one_cycle(recipe.n_epoch, recipe.learner.lr, {.pct_start = recipe.pct_start, .fit = options});
}

}  // namespace embark
