#pragma once

// Not installed.

#include <vector>

#include "../../data/tabular/tabular.h"
#include "../../metrics/metric.h"

namespace embark {

/// Makes metrics of values that are learned in other units than the target's own metrics of its own.
void bring_to_units(std::vector<Metric>& metrics, const TabularData& data);

}  // namespace embark
