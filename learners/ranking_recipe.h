#pragma once

#include <optional>

#include "ranking_learner.h"

namespace embark {

/// A model and how it is trained, as one thing to begin from; see CollabRecipe.
struct RankingRecipe {
    RankingOptions model = {};    ///< what ranking_learner makes
    LearnerOptions learner = {};  ///< its lr is the fit's
    /// Of one-cycle; 0 for models that are solved.
    int64_t n_epoch = 0;
    double pct_start = 0.1;  ///< of one-cycle: the share of the steps in which the learning rate rises
};

/// What trains well; `l2`: in the place of the recipe's, how much the squares of the factors (of ease: of the weights)
/// count where the loss is summed over all pairs. Settings were chosen on MovieLens 100k, within the training part of a random split of each user's
/// items.
RankingRecipe ranking_recipe(const Interactions& events, RankingKind kind = RankingKind::bag,
                             RankingLoss loss = RankingLoss::softmax, std::optional<double> l2 = {});

/// Trains `learn`, which was made of it, as the recipe says.
const Records& fit_recipe(RankingLearner& learn, const RankingRecipe& recipe, const FitOptions& options = {});

}  // namespace embark
