#pragma once

#include <string>
#include <vector>

#include "../../../predictor/tabular_encoder.h"
#include "forward_graph.h"
#include "graph.h"

namespace embark::onnx {

/// Gives out what `outputs` of the model say of the targets: `prediction`, string[rows, 1] for classes and
/// double[rows, 1] in the target's own units for a value, and for classes `probabilities`, float[rows, classes]; where a
/// row may have several classes `prediction` is boolean[rows, classes]; of
/// several targets each under its name, as in `price.prediction`. Rows that `refused`, boolean[rows, 1], refuses are
/// answered by NaN and by ""; an empty one refuses none.
void give_answers(Graph& graph, const std::vector<ForwardOutput>& outputs, const TabularEncoder& encoder,
                  const std::string& refused);

}  // namespace embark::onnx
