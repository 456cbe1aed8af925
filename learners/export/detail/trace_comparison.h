#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace torch::jit {
struct Graph;
}

namespace embark {

/// A graph and the rows of the batch that it was traced with.
struct TracedGraph {
    const torch::jit::Graph& graph;
    int64_t rows;
};

/// What two traces of one module, at two batch sizes, have unlike: numbers, tensors or operations that follow from the
/// batch. Nothing where they are the same, node by node, constants included. The text names the operation, and reads on
/// from "RatingNet cannot be exported: ".
std::optional<std::string> batch_dependence(const TracedGraph& one, const TracedGraph& other);

/// Why `graph` must not be run, whatever its constants: an operation that keeps the batch size of its trace where no
/// constant shows it, or one that draws random numbers. Reads on as above.
std::optional<std::string> untraceable_operation(const torch::jit::Graph& graph);

}  // namespace embark
