#pragma once

#include <optional>
#include <vector>

#include <torch/csrc/jit/ir/ir.h>

#include "../../../core/tensors.h"
#include "traced_value.h"

namespace embark::onnx {

/// What the results of `node` were in each run, from what its inputs were. Tensors that it writes into are left as they
/// are: results are of their own then. The elements of lists come as values too, all without names.
std::vector<TracedValue> run_on_examples(const torch::jit::Node& node, const std::vector<TracedValue>& inputs);

/// In a tensor's product with a constant of no dimension, TorchScript's interpreter takes the constant for a number,
/// which does not make int64 float64 (LibTorch's pass CanonicalizeOps); so do sums, differences and quotients.
void take_constant_for_number(const torch::jit::Node& node, std::vector<TracedValue>& inputs);

/// `elements` as the list or tuple that `node` makes of them.
TracedValue list_on_examples(const torch::jit::Node& node, std::vector<TracedValue> elements);

/// The argument that `node` writes into, as add_ does; nothing where there is none. Throws Error for an operator that
/// writes into several, or whose result is not what it wrote.
std::optional<size_t> written_argument(const torch::jit::Node& node);

/// Whether two values have elements in common in one of the runs, and whether they are the same elements in the same
/// order in all.
bool share_elements(const TracedValue& a, const TracedValue& b);
bool same_elements(const TracedValue& a, const TracedValue& b);

}  // namespace embark::onnx
