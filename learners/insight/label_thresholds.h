#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

/// How thresholds are chosen.
struct LabelThresholdOptions {
    /// One for each label, by its own F-score; else one for all, by the F-score of all labels' counts together.
    bool per_label = true;
    /// How many times as important recall is as precision.
    double beta = 1;
};

/// For each label the probability above which to predict it, so that the F-score on these rows is the highest: half-way
/// between two probabilities that occur, and of several such thresholds the nearest to 0.5. Labels that no row has keep
/// 0.5. `probabilities` and `targets` are (n, labels), a target that is not 0 is yes. Since they are chosen for these
/// rows, scores on them are a little too good; other rows tell how good they are. Throws Error for other shapes, no
/// rows and probabilities that are not from 0 to 1, UsageError unless beta is finite and above 0.
///
///     const auto found = learn.get_preds();
///     const std::vector<float> thresholds = best_label_thresholds(found.predictions, found.targets);
std::vector<float> best_label_thresholds(const at::Tensor& probabilities, const at::Tensor& targets,
                                         LabelThresholdOptions options = {});

}  // namespace embark
