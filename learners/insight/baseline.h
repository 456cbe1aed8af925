#pragma once

#include <vector>

#include "../../core/warning.h"
#include "../collab_learner.h"
#include "../tabular_learner.h"

namespace embark {

/// `worse_than_baseline` for each target that the trained model predicts worse on the validation rows than a constant
/// would: values with an R² below 0, in their own units; classes with an accuracy below that of the most frequent class
/// of the training rows. `metric_undefined` where all validation targets are equal, so that R² says nothing.
std::vector<Warning> baseline_warnings(TabularLearner& learn);

/// `worse_than_baseline` where `valid_rmse` is above what the mean of the training ratings has on the validation ratings.
std::vector<Warning> baseline_warnings(const CollabDataLoaders& dls, double valid_rmse);

/// `metric_undefined` for each metric of `validation` that is NaN, with the reason.
std::vector<Warning> undefined_metrics(const Validation& validation);

}  // namespace embark
