#pragma once

#include <string>
#include <vector>

#include "../../../predictor/tabular_encoder.h"
#include "graph.h"

namespace embark::onnx {

/// Columns of numbers in a graph.
struct NumberValues {
    /// As the model sees them, float[rows, columns].
    std::string scaled;
    /// Which are missing, boolean[rows, columns].
    std::string missing;
    /// The rows, boolean[rows, 1], that have a number which is infinite or would be as float32; no model can take it.
    std::string refused;
};

/// What becomes of the rows' own numbers `values`, double[rows, 1] each, NaN where missing, by what was fitted:
/// computed in float64, as TabularEncoder does, with those derived from them behind them. There must be one column at
/// least.
NumberValues add_numbers(Graph& graph, const Names& values, const TabularEncoder& encoder);

}  // namespace embark::onnx
