#pragma once

#include "forward_graph.h"

namespace embark::onnx {

/// As add_forward, for models that need not know what to do with no row at all: such a batch gets one row of zeros,
/// which is taken off the outputs again, as exported TorchScript files do. Some of ONNX Runtime's own operators, such
/// as recurrent layers, end the process at an empty batch.
std::vector<ForwardOutput> forward_rows(Graph& graph, const torch::jit::Module& module, const Names& inputs,
                                        const Tensors& example, const FreeSizes& free = {});

}  // namespace embark::onnx
