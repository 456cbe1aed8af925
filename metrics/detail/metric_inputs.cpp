#include "metric_inputs.h"

#include <algorithm>
#include <string>

#include <torch/types.h>

#include "../../core/error.h"
#include "../../modules/losses/detail/class_axis.h"

namespace embark {

namespace {

void require_targets(const at::Tensor& predictions, int64_t needed, const at::Tensor& targets,
                     const std::string& hint = {}) {
    require(targets.numel() == needed, "predictions of shape ", predictions.sizes(), " need ", needed,
            " targets, and the targets have shape ", targets.sizes(), hint);
}

/// Throws Error where there is not a target for each row of logits, the classes being the last dimension.
void require_targets_of_classes(const at::Tensor& logits, const at::Tensor& targets) {
    const std::string hint = along_axis_hint(logits, targets);
    require_targets(logits, logits.numel() / std::max<int64_t>(1, logits.size(-1)), targets, hint);
    require(has_classes_last(logits, targets), "it takes the last dimension for the classes, and predictions of shape ",
            logits.sizes(), " have not the places of targets of shape ", targets.sizes(), " before it", hint);
}

}  // namespace

MetricInputs flat_values(const at::Tensor& predictions, const at::Tensor& targets) {
    require_targets(predictions, predictions.numel(), targets);
    return {predictions.reshape(-1).to(at::kDouble), targets.reshape(-1).to(at::kDouble)};
}

bool one_logit(const at::Tensor& logits) {
    return logits.dim() < 2 || logits.size(-1) == 1;
}

MetricInputs logits_of_classes(const at::Tensor& logits, const at::Tensor& targets) {
    require(!one_logit(logits), "it needs a logit for each class, and the predictions have shape ", logits.sizes());
    require_targets_of_classes(logits, targets);
    return {logits.reshape({-1, logits.size(-1)}).to(at::kDouble), targets.reshape(-1)};
}

MetricInputs predicted_classes(const at::Tensor& logits, const at::Tensor& targets) {
    if (!one_logit(logits)) require_targets_of_classes(logits, targets);
    const auto classes = one_logit(logits) ? (logits > 0).to(at::kLong) : logits.argmax(-1);
    require_targets(logits, classes.numel(), targets);
    return {classes.reshape(-1), targets.reshape(-1)};
}

void require_labels(const at::Tensor& logits, const at::Tensor& targets) {
    require(logits.dim() == 2 && logits.sizes() == targets.sizes() && logits.numel() > 0,
            "it needs logits and targets of shape (n, labels), and they have shapes ", logits.sizes(), " and ",
            targets.sizes());
}

at::Tensor whole_classes(const at::Tensor& targets) {
    const bool whole =
        !targets.is_floating_point() || (targets.isfinite().all().item<bool>() && targets.equal(targets.round()));
    require(whole, "it needs classes as targets, integers");
    return targets.to(at::kLong);
}

}  // namespace embark
