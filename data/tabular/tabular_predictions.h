#pragma once

#include <vector>

#include "../../predictor/predictions.h"
#include "../table/table.h"

namespace embark {

/// `table` with the column `prediction` (`prediction_TARGET` where there are several targets), and of classes one with
/// the probability of each, `probability_CLASS` (`probability_TARGET_CLASS`); of more than twenty classes the predicted
/// one's alone, `probability`.
Table with_predictions(Table table, const std::vector<TargetPredictions>& predictions);

}  // namespace embark
