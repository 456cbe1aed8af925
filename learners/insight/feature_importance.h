#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../../plots/plot.h"
#include "../tabular_learner.h"

namespace embark {

/// How feature_importance measures.
struct FeatureImportanceOptions {
    /// How often each column is shuffled.
    int64_t n_repeats = 5;
    /// Seed of the permutations, which are the same for all columns.
    uint64_t seed = 42;
    /// The name of one of the learner's metrics; empty: the loss.
    std::string metric = {};
};

/// How much a model relies on one column of the table.
struct FeatureImportance {
    std::string name;  ///< of the column
    /// By how much the loss grows, or the metric gets worse in its own direction, when the column is shuffled: mean of
    /// `values`. Below 0 where it gets better.
    double mean = 0, deviation = 0;   ///< their standard deviation, that of the whole population
    std::vector<double> values = {};  ///< one for each repetition
};

/// Permutation importance of each column that a row is predicted from, over the validation part or the rows of
/// `loader`, largest first: the values of that column alone are given to other rows (a number's together with whether
/// it was missing, all parts of a date, all of a text, and with each of its columns a number derived from several), and
/// what the model then gets wrong in addition is what it had from the column (Breiman 2001, as scikit-learn's
/// permutation_importance). Columns that say the same share what they say: each alone seems to count little. The
/// learner is left as it was, its modes and the random numbers' state too.
///
/// Throws UsageError for fewer than one repetition, and Error for a metric that the learner does not have (naming near
/// ones), and for rows without targets.
///
///     for (const auto& column : feature_importance(learn, {.metric = "accuracy"}))
///         std::cout << column.name << " " << column.mean << " ± " << column.deviation << "\n";
std::vector<FeatureImportance> feature_importance(TabularLearner& learn, const FeatureImportanceOptions& options = {});
/// The same on the rows of `loader`.
std::vector<FeatureImportance> feature_importance(TabularLearner& learn, const DataLoader& loader,
                                                  const FeatureImportanceOptions& options = {});

/// A bar for each column in the order given, with its deviation; at most the first 60. Throws Error where there is no
/// column.
Plot plot_feature_importance(const std::vector<FeatureImportance>& importances);

}  // namespace embark
