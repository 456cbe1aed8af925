#pragma once

#include "metric.h"

namespace embark {

/// √ of the mean squared error over all predictions.
Metric rmse();
/// Mean absolute error.
Metric mae();
/// Share of rows whose largest output is that of the target's class.
Metric accuracy();

}  // namespace embark
