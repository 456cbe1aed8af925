#include "forward_graph.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>

#include "../../../core/error.h"
#include "../../../predictor/detail/export_format.h"
#include "../../../predictor/detail/torchscript_call.h"
#include "example_runs.h"
#include "operators.h"

namespace embark::onnx {

namespace {

using torch::jit::Node;

// What differs between these numbers of rows follows from the batch. One row is the one at which sizes such as
// "at most so many rows" and broadcasting show.
constexpr int64_t kExampleRows[] = {5, 12, 1};
/// How much larger than in the example other free sizes are then.
constexpr int64_t kExampleExtra[] = {0, 3, 1};

/// Operators that tell of a value what all of its kind have in common, such as its sizes, rather than its elements: the
/// same answer in all runs is the answer for every batch.
const std::set<std::string_view> kFacts = {
    "aten::size",     "aten::numel",     "aten::dim",   "aten::len",    "aten::is_complex", "aten::is_floating_point",
    "aten::sym_size", "aten::sym_numel", "prim::dtype", "prim::device", "prim::layout",     "aten::result_type"};

std::string short_class_name(const torch::jit::Module& module) {
    const std::string name = module.type()->name() ? module.type()->name()->name() : "The module";
    return name;
}

/// Where an inlined node stood, as " in encoder.layers.0"; empty where the trace does not say.
std::string place_of(const Node& node) {
    std::string place;
    const auto stack = node.callstack();
    if (!stack) return place;
    for (const auto& entry : (*stack)->vec()) {
        const auto& instance = std::get<torch::jit::kModuleInstanceInfo>(entry);
        if (instance && instance->instance_name() != "SELF")
            place += concat(place.empty() ? "" : ".", instance->instance_name());
    }
    return place.empty() ? place : concat(" in ", place);
}

bool same_facts(const TracedValue& value) {
    return std::all_of(value.seen.begin(), value.seen.end(),
                       [&](const c10::IValue& seen) { return seen == value.seen.front(); });
}

/// One traced forward while its nodes are added to a graph.
class ForwardConversion {
public:
    ForwardConversion(Graph& graph, const torch::jit::Module& module, FreeSizes free)
        : graph_(graph), module_(module), free_(std::move(free)) {}

    std::vector<ForwardOutput> convert(const Names& inputs, const Tensors& example) {
        // What checks the inputs in `forward` has no ONNX form: ONNX Runtime checks sizes itself.
        const auto traced = module_.find_method(kTracedForward);
        const auto forward = (traced ? *traced : module_.get_method("forward")).graph()->copy();
        torch::jit::Inline(*forward);
        torch::jit::EliminateDeadCode(forward);
        set_inputs(*forward, inputs, example);
        for (const Node* node : forward->nodes()) {
            try {
                convert(*node);
            } catch (const std::exception& error) {
                fail(short_class_name(module_), " cannot be exported to ONNX at ", node->kind().toQualString(),
                     place_of(*node), ": ", torch_message(error));
            }
        }
        std::vector<ForwardOutput> outputs;
        for (const auto* value : forward->outputs()) add_outputs(values_.at(value), outputs);
        return outputs;
    }

private:
    void set_inputs(const torch::jit::Graph& forward, const Names& inputs, const Tensors& example) {
        require(forward.inputs().size() == inputs.size() + 1 && inputs.size() == example.size(),
                short_class_name(module_), " cannot be exported to ONNX: its forward takes ",
                forward.inputs().size() - 1, " tensors, and there are ", inputs.size());
        std::vector<TracedValue> values(inputs.size());
        if (free_.empty()) free_ = free_sizes(example, {}, /*together=*/false);
        for (size_t run = 0; run < std::size(kExampleRows); ++run) {
            const std::vector<int64_t> sizes = run_sizes(run);
            const Tensors taken = resized(example, free_, sizes);
            if (kExampleRows[run] == 1 && !answers(taken)) continue;
            run_sizes_.push_back(sizes);
            for (size_t i = 0; i < inputs.size(); ++i) values[i].seen.emplace_back(taken[i]);
        }
        for (size_t i = 0; i < inputs.size(); ++i) {
            values[i].name = inputs[i];
            values_[forward.inputs()[i + 1]] = std::move(values[i]);
        }
        values_[forward.inputs()[0]] = everywhere(module_._ivalue());
    }

    /// The free sizes of one run, the dynamic ones apart from each other.
    std::vector<int64_t> run_sizes(size_t run) const {
        std::vector<int64_t> sizes = {kExampleRows[run]};
        for (size_t i = 1; i < free_.size(); ++i) {
            sizes.push_back(free_[i].example + kExampleExtra[run] + static_cast<int64_t>((i - 1) * run));
        }
        return sizes;
    }

    bool answers(const Tensors& inputs) const {
        std::vector<c10::IValue> arguments;
        for (const at::Tensor& input : inputs) arguments.emplace_back(input.clone());
        try {
            call_method(module_, "forward", arguments);
            return true;
        } catch (const std::exception&) {
            return false;
        }
    }

    TracedValue everywhere(const c10::IValue& value) const {
        TracedValue constant;
        constant.seen.assign(run_sizes_.size(), value);
        return constant;
    }

    void convert(const Node& node) {
        std::vector<TracedValue> inputs;
        for (const auto* value : node.inputs()) inputs.push_back(values_.at(value));
        require(node.blocks().empty(),
                "its forward has branches or loops in TorchScript, and only a traced one can become ONNX");
        std::vector<TracedValue> results = results_of(node, inputs);
        forget_used_up(node);
        if (const auto written = written_argument(node)) replace_written(inputs[*written], results.front());
        for (size_t i = 0; i < node.outputs().size(); ++i) {
            if (node.outputs()[i]->hasUses()) values_[node.outputs()[i]] = std::move(results.at(i));
        }
    }

    std::vector<TracedValue> results_of(const Node& node, std::vector<TracedValue>& inputs) {
        switch (node.kind()) {
            case c10::prim::Constant:
                return {state(*torch::jit::toIValue(node.output()), "")};
            case c10::prim::GetAttr: {
                const std::string& name = node.s(c10::attr::name);
                const std::string& owner = inputs.front().path;
                return {state(inputs.front().seen.front().toObjectRef().getAttr(name),
                              owner.empty() ? name : concat(owner, ".", name))};
            }
            case c10::prim::ListConstruct:
            case c10::prim::TupleConstruct:
                if (inputs.empty()) return {everywhere(empty_list(node))};
                return {list_on_examples(node, std::move(inputs))};
            case c10::prim::ListUnpack:
            case c10::prim::TupleUnpack:
                return unpacked(inputs.front(), node.outputs().size());
            default:
                return results_of_operator(node, inputs);
        }
    }

    static c10::IValue empty_list(const Node& node) {
        if (const auto type = node.output()->type()->cast<c10::ListType>()) {
            return c10::impl::GenericList(type->getElementType());
        }
        return c10::ivalue::Tuple::create(std::vector<c10::IValue>());
    }

    /// A constant or a part of the module, the memory of which no operator may write into.
    TracedValue state(const c10::IValue& value, const std::string& path) {
        TracedValue constant = everywhere(value);
        constant.path = path;
        if (value.isTensor() && value.toTensor().defined()) state_.push_back(constant);
        return constant;
    }

    static std::vector<TracedValue> unpacked(const TracedValue& list, size_t n) {
        if (!list.elements.empty()) return list.elements;
        std::vector<TracedValue> elements(n);
        for (const c10::IValue& seen : list.seen) {
            for (size_t i = 0; i < n; ++i) {
                elements[i].seen.push_back(seen.isTuple() ? seen.toTupleRef().elements()[i] : seen.toListRef()[i]);
            }
        }
        return elements;
    }

    std::vector<TracedValue> results_of_operator(const Node& node, std::vector<TracedValue>& inputs) {
        const std::string name = node.kind().toQualString();
        const bool in_graph =
            std::any_of(inputs.begin(), inputs.end(), [](const TracedValue& input) { return input.in_graph(); });
        const OnnxForm* form = find_onnx_form(name);
        const bool is_packed =
            std::any_of(inputs.begin(), inputs.end(), [](const TracedValue& input) { return !input.lengths.empty(); });
        const bool is_fact = kFacts.contains(name) && !is_packed;
        require(form || is_fact || !in_graph,
                "that operator has no ONNX form here; write the model with others, or keep the TorchScript file");
        require(in_graph || !node.isNondeterministic(), "it draws random numbers");
        take_constant_for_number(node, inputs);
        std::vector<TracedValue> results = run_on_examples(node, inputs);
        if (!in_graph) {
            if (results.empty()) return results;
            if (inputs.size() > 0 && results.front().is_tensor()) results.front().path = inputs.front().path;
            return results;
        }
        if (is_fact && std::all_of(results.begin(), results.end(), same_facts)) return results;
        require(form, "what it says follows from the batch");
        TracedOperation operation(graph_, name, argument_names(node), inputs, results);
        set_names(results, (*form)(operation), operation);
        mark_sizes(results, inputs, kFacts.contains(name) || (is_packed && results.front().n_dims() == 0));
        return results;
    }

    static std::vector<std::string> argument_names(const Node& node) {
        std::vector<std::string> names;
        for (const c10::Argument& argument : node.schema().arguments()) names.push_back(argument.name());
        return names;
    }

    static void mark_sizes(std::vector<TracedValue>& results, const std::vector<TracedValue>& inputs, bool is_fact) {
        const auto from_sizes = [](const TracedValue& input) { return input.is_size || !input.in_graph(); };
        if (!is_fact && !std::all_of(inputs.begin(), inputs.end(), from_sizes)) return;
        for (TracedValue& result : results) {
            result.is_size = true;
            for (TracedValue& element : result.elements) element.is_size = true;
        }
    }

    /// A list has names of its elements, of which those that follow from no input need none.
    static void set_names(std::vector<TracedValue>& results, const Names& names, const TracedOperation& operation) {
        const bool is_list = results.size() == 1 && results.front().seen.front().isList();
        std::vector<TracedValue>& named = is_list ? results.front().elements : results;
        for (size_t i = 0; i < named.size(); ++i) {
            named[i].name = names.at(i);
            if (!is_list) named[i].lengths = operation.result(i).lengths;
            named[i].is_missing = names[i].empty() && !(is_list && !named[i].is_tensor() && same_facts(named[i]));
        }
    }

    /// Lets go of what no later node takes: examples of a large model are large.
    void forget_used_up(const Node& node) {
        for (const auto* value : node.inputs()) {
            if (++n_taken_[value] == value->uses().size()) values_.erase(value);
        }
    }

    /// In the graph every value is written once: from here on, `result` stands for all that shared memory with what an
    /// operator wrote into.
    void replace_written(const TracedValue& written, const TracedValue& result) {
        for (const TracedValue& state : state_) {
            require(!share_elements(state, written), "it changes ",
                    state.path.empty() ? "a constant" : concat("'", state.path, "'"),
                    " of the model while it answers, and ONNX models do not change");
        }
        for (auto& [traced, value] : values_) replace_written(written, result, value);
    }

    static void replace_written(const TracedValue& written, const TracedValue& result, TracedValue& value) {
        for (TracedValue& element : value.elements) replace_written(written, result, element);
        if (!share_elements(value, written)) return;
        require(same_elements(value, written),
                "it writes into a part of a tensor that is used again, or into one of which a part is; make a new "
                "tensor instead, by where, cat or an operator without '_' at its end");
        value = result;
    }

    void add_outputs(const TracedValue& value, std::vector<ForwardOutput>& outputs) {
        if (!value.is_tensor()) {
            require(!value.elements.empty(), short_class_name(module_),
                    " cannot be exported to ONNX: its forward gives a ", value.seen.front().tagKind(),
                    " where tensors were expected");
            for (const TracedValue& element : value.elements) add_outputs(element, outputs);
            return;
        }
        const Term term = term_of(graph_, value);
        ForwardOutput output{term.name, type_of(term.type), {}};
        const std::vector<int64_t> sizes = value.sizes();
        for (size_t i = 0; i < sizes.size(); ++i) {
            output.dims.push_back(sizes[i] == kFree ? free_name(value, i, outputs.size()) : concat(sizes[i]));
        }
        outputs.push_back(std::move(output));
    }

    /// What the file calls a free size of an output: as that of the inputs which it was in all runs.
    std::string free_name(const TracedValue& value, size_t dim, size_t output) const {
        for (size_t i = 0; i < free_.size(); ++i) {
            bool same = true;
            for (size_t run = 0; run < run_sizes_.size(); ++run) {
                same = same && value.seen[run].toTensor().size(static_cast<int64_t>(dim)) == run_sizes_[run][i];
            }
            if (same) return i == 0 ? "rows" : free_[i].name;
        }
        return concat("size_", output, "_", dim);
    }

    Graph& graph_;
    const torch::jit::Module& module_;
    FreeSizes free_;
    /// The free sizes of each run.
    std::vector<std::vector<int64_t>> run_sizes_;
    /// How many of a value's uses are converted.
    std::unordered_map<const torch::jit::Value*, size_t> n_taken_;
    std::unordered_map<const torch::jit::Value*, TracedValue> values_;
    std::vector<TracedValue> state_;
};

}  // namespace

std::vector<ForwardOutput> add_forward(Graph& graph, const torch::jit::Module& module, const Names& inputs,
                                       const Tensors& example, FreeSizes free) {
    const at::NoGradGuard no_grad;
    return ForwardConversion(graph, module, std::move(free)).convert(inputs, example);
}

}  // namespace embark::onnx
