#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/ivalue.h>

namespace torch::jit {
struct Graph;
struct Node;
struct Value;
}  // namespace torch::jit

namespace embark {

/// A graph, the free sizes of the inputs that it was traced with, and what messages say of these: "with 5 rows".
struct TracedGraph {
    std::shared_ptr<torch::jit::Graph> graph;
    std::vector<int64_t> sizes;
    std::string description;
};

/// A constant of a graph that was another one in other traces of the module, and its value in each of them.
struct VaryingConstant {
    torch::jit::Node* node;
    std::vector<c10::IValue> values;
};

/// What several traces of one module have unlike: the constants of the first graph that vary go to `constants`, in the
/// graph's order; where the operations themselves differ, the result says at which. It reads on from "RatingNet cannot
/// be exported: ".
std::optional<std::string> compare_traces(const std::vector<TracedGraph>& traces,
                                          std::vector<VaryingConstant>& constants);

/// Why `graph` must not be run, whatever its constants: an operation that keeps the batch size of its trace where no
/// constant shows it, or one that draws random numbers. Reads on as above.
std::optional<std::string> untraceable_operation(const torch::jit::Graph& graph);

/// Whether `value` is computed from an input of its graph, that is not only from constants and parameters; memory that
/// such a value was written into counts.
bool follows_from_input(const torch::jit::Value* value);

/// The operation that `value` serves: the first that takes it, past what only wraps it up, such as a list.
std::string operation_taking(const torch::jit::Value* value);

}  // namespace embark
