#pragma once

#include <string>
#include <vector>

#include <torch/csrc/jit/api/module.h>

#include "../../../core/tensors.h"
#include "../../export/detail/free_sizes.h"
#include "graph.h"

namespace embark::onnx {

/// One output of a model's forward.
struct ForwardOutput {
    /// Its name in the graph, its element type, and its sizes; the first is "rows" where it follows from the batch.
    std::string name;
    Type type = Type::float32;
    Dims dims;
};

/// Adds what `module`, as a traced forward, does with `inputs`, values of the graph that have the shapes and types of
/// `example` but for the number of rows and the other sizes of `free`. Throws Error, naming it, for an operator that has no ONNX form here.
std::vector<ForwardOutput> add_forward(Graph& graph, const torch::jit::Module& module, const Names& inputs,
                                       const Tensors& example, FreeSizes free = {});

}  // namespace embark::onnx
