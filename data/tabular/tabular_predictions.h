#pragma once

#include <string>
#include <vector>

#include "../../predictor/predictions.h"
#include "../table/table.h"

namespace embark {

/// The columns that predictions are: `prediction` (`prediction_TARGET` where there are several targets), and of classes
/// one with the probability of each, `probability_CLASS` (`probability_TARGET_CLASS`); of more than twenty classes the
/// predicted one's alone, `probability`.
std::vector<std::string> prediction_names(const std::vector<TargetPredictions>& predictions);

/// `table` with these columns after its own, all with a number at their end where it has one of that name: see
/// free_names.
Table with_predictions(Table table, const std::vector<TargetPredictions>& predictions);

}  // namespace embark
