#include "collab_recipe.h"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "../core/error.h"
#include "../core/text.h"
#include "detail/recipe_epochs.h"

namespace embark {

namespace {

constexpr const char *kDefault = "default", *kFastai = "fastai", *kBest = "best";

/// How much each table is held back: the precision λ of its prior, where that of a rating is kRatingPrecision.
constexpr double kRatingPrecision = 1.6;
struct TablePrior {
    const char *factors, *bias;
    double factor_precision, bias_precision;
};
constexpr TablePrior kUserPrior = {"user_factors", "user_bias", 30, 7},
                     kItemPrior = {"item_factors", "item_bias", 60, 20},
                     kRatedPrior = {"rated_factors", "rated_bias", 40, 20},
                     kRaterPrior = {"rater_factors", "rater_bias", 40, 20},
                     kUserFeaturePrior = {"user_feature_factors", "user_feature_bias", 1000, 20},
                     kItemFeaturePrior = {"item_feature_factors", "item_feature_bias", 1000, 20};
constexpr double kDayPrecision = 50, kUserDayPrecision = 12;

}  // namespace

CollabRecipe fastai_collab_recipe() {
    return {};
}

CollabRecipe default_collab_recipe(const CollabDataLoaders& dls, int64_t members) {
    CollabRecipe recipe;
    recipe.model.members = members;
    recipe.model.y_range = {dls.collab().rating_min - 0.5, dls.collab().rating_max + 0.5};
    recipe.learner.lr = 5e-3;
    // The mean of members may have members that follow their ratings more closely than one model should.
    recipe.learner.weight_decay = members == 1 ? 0.15 : 0.07;
    recipe.min_steps = 3000;
    recipe.restore_best = true;
    // Items with few ratings stay near where they start; those with many find their own place, better from 0.
    constexpr int64_t kFewRatings = 10;
    recipe.model.start_at_mean = dls.train().rows() < kFewRatings * (dls.items().size() - 1);
    return recipe;
}

CollabRecipe best_collab_recipe(const CollabDataLoaders& dls, int64_t members) {
    const CollabData& data = dls.collab();
    // −log of the posterior over ratings and priors, brought to the mean squared error, which is one over members too:
    // L2 of 2λ / (precision · n · members).
    const double scale = 2 / (kRatingPrecision * static_cast<double>(dls.train().rows() * members));
    auto decays = std::map<std::string, double>();
    const auto add = [&](const TablePrior& prior) {
        decays[prior.factors] = scale * prior.factor_precision;
        decays[prior.bias] = scale * prior.bias_precision;
    };
    for (const auto& prior : {kUserPrior, kItemPrior, kRatedPrior, kRaterPrior}) add(prior);
    if (data.user_features.size() > 0) add(kUserFeaturePrior);
    if (data.item_features.size() > 0) add(kItemFeaturePrior);
    if (!data.days.empty()) {
        decays["day_bias"] = scale * kDayPrecision;
        decays["user_day_bias"] = scale * kUserDayPrecision;
    }
    const bool differ = data.rating_min < data.rating_max;
    return {.model = {.y_range = differ ? Range{data.rating_min, data.rating_max} : Range{},
                      .start_at_mean = true,
                      .implicit_sums = true,
                      .clip = true,
                      .members = members,
                      .init_std = 0.1},
            .learner = {.optimizer = adam({.eps = 1e-8, .decouple_wd = false}),
                        .lr = 0.01,
                        .weight_decays = std::move(decays),
                        .moms = {0.9, 0.9, 0.9}},
            .n_epoch = 20,
            .min_steps = 380,
            .pct_start = 0.1};
}

int64_t collab_batch_size(std::string_view name, int64_t n_ratings) {
    require_known_collab_recipe(name);
    if (name != kBest) return 64;
    // Some twenty steps an epoch: each step adds up all bags of its users and items.
    return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(std::clamp<int64_t>(n_ratings / 16, 64, 4096))));
}

void require_known_collab_recipe(std::string_view name) {
    const std::vector<std::string> known = {kDefault, kFastai, kBest};
    require<UsageError>(std::ranges::find(known, name) != known.end(), "Unknown preset '", name, "'",
                        name_hint(std::string(name), known));
}

CollabRecipe collab_recipe_of(std::string_view name, const CollabDataLoaders& dls, int64_t members) {
    require_known_collab_recipe(name);
    if (name == kBest) return best_collab_recipe(dls, members);
    if (name == kDefault) return default_collab_recipe(dls, members);
    CollabRecipe recipe = fastai_collab_recipe();
    recipe.model.members = members;
    return recipe;
}

const Records& fit_recipe(CollabLearner& learn, const CollabRecipe& recipe, const FitOptions& options) {
    FitOptions fit = options;
    const int64_t n_epoch = epochs_for(recipe.n_epoch, recipe.min_steps, learn.dls().train());
    if (recipe.restore_best && learn.dls().has_valid()) fit.callbacks.push_back(best_epoch(n_epoch));
    return learn.fit_one_cycle(n_epoch, recipe.learner.lr, {.pct_start = recipe.pct_start, .fit = fit});
}

}  // namespace embark
