#pragma once

#include <limits>

#include <ATen/core/Tensor.h>

namespace embark {

/// What a metric is where it is not defined, as of one class alone.
inline constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// Predictions and targets side by side, both flat.
struct MetricInputs {
    at::Tensor predictions, targets;
};

/// Both sides in float64. Throws Error where they have not as many values.
MetricInputs flat_values(const at::Tensor& predictions, const at::Tensor& targets);

/// Whether each row has one logit, that of class 1, rather than one a class.
bool one_logit(const at::Tensor& logits);

/// Logits of two or more classes as (n, classes) in float64, and targets (n) as they are. Throws Error where there is
/// not a target for each row of logits.
MetricInputs logits_of_classes(const at::Tensor& logits, const at::Tensor& targets);

/// The predicted classes, int64, and the targets as they are. Throws Error as logits_of_classes does.
MetricInputs predicted_classes(const at::Tensor& logits, const at::Tensor& targets);

/// Throws Error unless both are (n, labels), with a logit for each target.
void require_labels(const at::Tensor& logits, const at::Tensor& targets);

/// Targets as int64. They must be on the CPU; throws Error where one is not an integer.
at::Tensor whole_classes(const at::Tensor& targets);

}  // namespace embark
