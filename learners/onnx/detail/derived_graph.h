#pragma once

#include <string>

#include "../../../predictor/tabular_encoder.h"
#include "graph.h"

namespace embark::onnx {

/// The rows' own numbers `values`, double[rows, own numbers] without missing ones, with those that the encoder derives
/// from them behind them, as derive_numbers computes them.
std::string with_derived_numbers(Graph& graph, const std::string& values, const TabularEncoder& encoder);

}  // namespace embark::onnx
