#pragma once

#include <string>
#include <vector>

#include <embark/metrics/metric.h>

namespace embark::tools {

/// The metric of this name. Throws UsageError where it is missing, or where it is not of classes or of values as asked,
/// and lists those that are.
Metric metric_of(const std::string& name, bool of_classes);

/// The names of metrics of classes, or of values.
std::vector<std::string> metric_names(bool of_classes);

}  // namespace embark::tools
