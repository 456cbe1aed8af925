#pragma once

#include <vector>

#include "experiment.h"

namespace embark::course {

/// Every experiment, in the course's order.
const std::vector<const Experiment*>& experiments();

}  // namespace embark::course
