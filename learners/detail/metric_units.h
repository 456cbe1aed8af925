#pragma once

#include <vector>

#include "../../data/loaders/preprocessing.h"
#include "../../metrics/metric.h"

namespace embark {

/// Makes metrics of targets that are learned in other units than their own metrics in these.
void bring_to_units(std::vector<Metric>& metrics, const Preprocessing& data);

}  // namespace embark
