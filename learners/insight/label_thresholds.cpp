#include "label_thresholds.h"

#include <cmath>

#include <torch/types.h>

#include "../../core/error.h"
#include "../../predictor/predictions.h"

namespace embark {

namespace {

/// The threshold of one label, from the probabilities and targets of all rows, (n) float32 and bool.
float best_threshold(const at::Tensor& probabilities, const at::Tensor& is_yes, double beta) {
    const auto [sorted, order] = probabilities.sort(/*dim=*/0, /*descending=*/true);
    const at::Tensor right = is_yes.index_select(0, order).cumsum(0).to(at::kDouble);
    const int64_t n = sorted.numel();
    const double square = beta * beta, yes = right[n - 1].item<double>();
    if (yes == 0) return kLabelThreshold;
    // With the first i + 1 rows predicted; their last must have another probability than the next row.
    const at::Tensor scores = (1 + square) * right / (square * yes + at::arange(1, n + 1, at::kDouble));
    const float* p = sorted.const_data_ptr<float>();
    const double* score = scores.const_data_ptr<double>();
    double best = -1;
    float threshold = kLabelThreshold;
    for (int64_t i = 0; i < n; ++i) {
        const float next = i + 1 < n ? p[i + 1] : 0;
        if (next == p[i]) continue;
        // 0.5 itself where it lies between the two.
        const bool at_half = next <= kLabelThreshold && kLabelThreshold < p[i];
        const float between = at_half ? kLabelThreshold : next + (p[i] - next) / 2;
        const bool nearer = std::abs(between - kLabelThreshold) < std::abs(threshold - kLabelThreshold);
        if (score[i] > best || (score[i] == best && nearer)) {
            best = score[i];
            threshold = between < p[i] ? between : next;
        }
    }
    return threshold;
}

}  // namespace

std::vector<float> best_label_thresholds(const at::Tensor& probabilities, const at::Tensor& targets,
                                         LabelThresholdOptions options) {
    require<UsageError>(std::isfinite(options.beta) && options.beta > 0,
                        "Invalid beta of label thresholds: ", options.beta, "; it must be a finite number above 0");
    require(probabilities.defined() && targets.defined() && probabilities.dim() == 2 &&
                probabilities.sizes() == targets.sizes() && probabilities.numel() > 0,
            "Label thresholds need probabilities and targets of shape (n, labels), and were given ",
            probabilities.defined() ? concat(probabilities.sizes()) : "none", " and ",
            targets.defined() ? concat(targets.sizes()) : "none");
    const at::Tensor p = probabilities.detach().to(at::kCPU, at::kFloat), is_yes = targets.to(at::kCPU).ne(0);
    require(p.ge(0).logical_and(p.le(1)).all().item<bool>(),
            "Label thresholds need probabilities from 0 to 1, as "
            "get_preds() gives them with bce_with_logits_loss_flat()");
    const auto n_labels = static_cast<size_t>(p.size(1));
    if (!options.per_label)
        return std::vector<float>(n_labels, best_threshold(p.flatten(), is_yes.flatten(), options.beta));
    std::vector<float> thresholds;
    for (size_t label = 0; label < n_labels; ++label) {
        const auto column = static_cast<int64_t>(label);
        thresholds.push_back(best_threshold(p.select(1, column), is_yes.select(1, column), options.beta));
    }
    return thresholds;
}

}  // namespace embark
