#include "size_constants.h"

#include <torch/csrc/jit/ir/ir.h>
#include <torch/torch.h>

#include "../../../core/error.h"
#include "size_formula.h"

namespace embark {

namespace {

using torch::jit::Graph;
using torch::jit::IValue;
using torch::jit::Value;

/// A tensor without dimensions as its number, which is how C++ gives a number to an operation of tensors; other values
/// unchanged.
IValue number_of(const IValue& value) {
    if (!value.isTensor() || !value.toTensor().defined() || value.toTensor().dim() != 0) return value;
    const at::Tensor tensor = value.toTensor();
    return tensor.is_floating_point() || tensor.scalar_type() == at::kLong ? IValue(tensor.item()) : value;
}

std::string describe_constant(const IValue& value) {
    if (value.isTensor()) return concat("a tensor of shape ", value.toTensor().sizes());
    return concat(value);
}

std::string fixed_value(const VaryingConstant& constant, const std::vector<IValue>& numbers,
                        const std::vector<TracedGraph>& traces) {
    const std::string value = describe_constant(numbers[0]);
    size_t other = 1;
    while (other + 1 < numbers.size() && describe_constant(numbers[other]) == value) ++other;
    return concat(operation_taking(constant.node->output()), " uses a fixed value that follows from the batch, ", value,
                  " ", traces[0].description, " and ", describe_constant(numbers[other]), " ", traces[other].description,
                  "; use -1 or operations that follow the size of their input, such as flatten(1), expand_as or "
                  "zeros_like, there");
}

/// Has what took the constant tensor `from` take `number`: as it is where the operation takes numbers too, else as a
/// tensor.
void replace_number_tensor(Value* from, Value* number, at::ScalarType type) {
    Graph& graph = *from->owningGraph();
    const auto uses = from->uses();
    for (const auto& use : uses) {
        use.user->replaceInput(use.offset, number);
        if (!use.user->kind().is_prim() && use.user->maybeOperator()) continue;
        const torch::jit::WithInsertPoint before(use.user);
        Value* tensor = graph.insert(c10::prim::NumToTensor, {number});
        use.user->replaceInput(use.offset, graph.insert(c10::aten::to, {tensor, type}));
    }
}

}  // namespace

std::optional<std::string> replace_size_constants(const std::vector<TracedGraph>& traces, const FreeSizes& free,
                                                  const std::vector<VaryingConstant>& constants) {
    if (constants.empty()) return std::nullopt;
    std::vector<std::vector<int64_t>> sizes;
    for (const TracedGraph& trace : traces) sizes.push_back(trace.sizes);
    Graph& graph = *traces.front().graph;
    const torch::jit::WithInsertPoint at_the_beginning(*graph.nodes().begin());
    std::vector<Value*> size_values;
    for (const FreeSize& size : free) {
        const FreeSize::Place& place = size.places.front();
        size_values.push_back(graph.insert(c10::aten::size, {graph.inputs().at(place.input + 1), place.dim}));
    }
    for (const VaryingConstant& constant : constants) {
        std::vector<IValue> numbers;
        for (const IValue& value : constant.values) numbers.push_back(number_of(value));
        const auto formula = SizeFormula::find(numbers, sizes);
        if (!formula) return fixed_value(constant, numbers, traces);
        Value* number = formula->emit(graph, size_values);
        const IValue& value = constant.values.front();
        if (value.isTensor()) {
            replace_number_tensor(constant.node->output(), number, value.toTensor().scalar_type());
        } else {
            constant.node->output()->replaceAllUsesWith(number);
        }
    }
    return std::nullopt;
}

}  // namespace embark
