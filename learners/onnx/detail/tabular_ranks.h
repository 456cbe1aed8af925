#pragma once

#include <string>
#include <vector>

#include "../../../predictor/number_scaler.h"
#include "graph.h"

namespace embark::onnx {

/// Columns of numbers, double[rows, columns], scaled by their ranks as NumberScaler does for Scaling::quantile.
std::string scale_by_rank(Graph& graph, const std::string& values, const std::vector<NumberScaler>& scalers);

}  // namespace embark::onnx
