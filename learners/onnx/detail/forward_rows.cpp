#include "forward_rows.h"

#include <ATen/ATen.h>

namespace embark::onnx {

std::vector<ForwardOutput> forward_rows(Graph& graph, const torch::jit::Module& module, const Names& inputs,
                                        const Tensors& example, const FreeSizes& free) {
    const std::string first = graph.integers({0});
    const std::string rows = graph.node("Shape", {inputs.at(0)}, {{"start", int64_t{0}}, {"end", int64_t{1}}});
    const std::string n_missing = graph.cast(graph.node("Equal", {rows, first}), Type::int64);  // 1 or 0
    Names some;
    for (size_t i = 0; i < inputs.size(); ++i) {
        std::string row = graph.constant(at::zeros_like(example[i].slice(0, 0, 1)), "row");
        if (free.size() > 1) {
            // Free sizes are those of the batch.
            const std::string sizes = graph.node("Shape", {inputs[i]}, {{"start", int64_t{1}}});
            const std::string shape = graph.node("Concat", {graph.integers({1}), sizes}, {{"axis", int64_t{0}}});
            const std::string zero = graph.constant(at::zeros({1}, example[i].options()), "zero");
            row = graph.node("Expand", {zero, shape});
        }
        const std::string missing = graph.node("Slice", {row, first, n_missing, first});
        some.push_back(graph.node("Concat", {inputs[i], missing}, {{"axis", int64_t{0}}}));
    }
    std::vector<ForwardOutput> outputs = add_forward(graph, module, some, example, free);
    for (ForwardOutput& output : outputs) output.name = graph.node("Slice", {output.name, first, rows, first});
    return outputs;
}

}  // namespace embark::onnx
