#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <embark/metrics/metric.h>

namespace embark::tools {

/// What a metric is of.
enum class MetricKind { classes, labels, values };

/// "classes", "labels", "values".
std::string to_string(MetricKind kind);

/// The metric of this name. Throws UsageError where it is missing, or where it is not of this kind, and lists those
/// that are.
Metric metric_of(const std::string& name, MetricKind kind);

/// Throws Error, and lists those that can, where the metric of classes cannot be computed of so many.
void require_takes_classes(const std::string& name, const std::string& target, int64_t n_classes);

/// The names of the metrics of a kind.
std::vector<std::string> metric_names(MetricKind kind);

/// Those that are shown where none is named.
std::vector<std::string> usual_metrics(MetricKind kind);

}  // namespace embark::tools
