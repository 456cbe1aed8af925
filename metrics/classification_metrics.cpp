#include "classification_metrics.h"

#include <cmath>

#include <torch/types.h>

#include "../core/error.h"
#include "detail/metric_inputs.h"

namespace embark {

namespace {

at::Tensor share_right(const at::Tensor& predictions, const at::Tensor& targets) {
    const auto [predicted, actual] = predicted_classes(predictions, targets);
    return (predicted == actual).to(at::kDouble).mean();
}

/// Whether each row's target is among its k largest logits.
at::Tensor in_top_k(const at::Tensor& logits, const at::Tensor& targets, int64_t k) {
    const int64_t classes = logits.size(1);
    // A target beyond the classes is in no row's top, and must not be looked up.
    const auto known = (targets >= 0).logical_and(targets < classes);
    const auto target = targets.to(at::kLong).clamp(0, classes - 1).unsqueeze(1);
    const auto of_target = logits.gather(1, target);
    // Also a logit that is NaN is one that is not below the target's.
    const auto above = (logits <= of_target).logical_not();
    const auto before = (logits == of_target).logical_and(at::arange(classes, target.options()) < target);
    return (above.sum(1) + before.sum(1) < k).logical_and(known);
}

at::Tensor mean_log_loss(const at::Tensor& predictions, const at::Tensor& targets) {
    if (one_logit(predictions)) {
        const auto [logits, y] = flat_values(predictions, targets);
        return at::binary_cross_entropy_with_logits(logits, y);
    }
    const auto [logits, y] = logits_of_classes(predictions, targets);
    require(!y.is_floating_point(), "it needs integers (int64 classes) as targets, not ",
            c10::toString(y.scalar_type()));
    return at::cross_entropy_loss(logits, y.to(at::kLong));
}

}  // namespace

Metric accuracy() {
    return avg_metric("accuracy", Direction::higher_is_better, share_right);
}

Metric error_rate() {
    return avg_metric("error_rate", Direction::lower_is_better,
                      [](const at::Tensor& p, const at::Tensor& y) { return 1 - share_right(p, y); });
}

Metric top_k_accuracy(int64_t k) {
    require<UsageError>(k >= 1, "Invalid k of top_k_accuracy: ", k, "; it must be at least 1");
    return avg_metric(concat("top_", k, "_accuracy"), Direction::higher_is_better,
                      [k](const at::Tensor& p, const at::Tensor& y) {
                          const auto [logits, targets] = logits_of_classes(p, y);
                          return in_top_k(logits, targets, k).to(at::kDouble).mean();
                      });
}

Metric accuracy_multi(double thresh) {
    return avg_metric("accuracy_multi", Direction::higher_is_better,
                      [thresh](const at::Tensor& p, const at::Tensor& y) {
                          const auto [logits, targets] = flat_values(p, y);
                          return ((logits.sigmoid() > thresh) == (targets != 0)).to(at::kDouble).mean();
                      });
}

Metric log_loss() {
    return avg_metric("log_loss", Direction::lower_is_better, mean_log_loss);
}

Metric perplexity() {
    return avg_metric("perplexity", Direction::lower_is_better, mean_log_loss,
                      [](double log_loss) { return std::exp(log_loss); });
}

}  // namespace embark
