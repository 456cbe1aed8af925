#pragma once

#include <string>
#include <vector>

#include "experiment.h"

namespace embark::course {

/// A chapter of the course.
struct ExperimentGroup {
    std::string title;
    std::vector<const Experiment*> experiments;
};

/// Every experiment by chapter, in the course's order.
const std::vector<ExperimentGroup>& experiment_groups();

/// The same without the chapters.
const std::vector<const Experiment*>& experiments();

}  // namespace embark::course
