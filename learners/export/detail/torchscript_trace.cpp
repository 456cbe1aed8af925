#include "torchscript_trace.h"

#include <algorithm>
#include <memory>
#include <sstream>
#include <utility>

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/torch.h>

#include "../../../predictor/detail/torchscript_call.h"
#include "module_mirror.h"
#include "trace_comparison.h"

namespace embark {

namespace {

using GraphPtr = std::shared_ptr<torch::jit::Graph>;

// Two sizes with few divisors and remainders in common, so that numbers made from them differ too; and two others at
// which the trace must answer as the module does.
constexpr int64_t kTracedRows = 5;
constexpr int64_t kOtherRows = 12;
constexpr int64_t kCheckedRows[] = {1, 9};

/// `rows` rows of `example`, from row `first` on, beginning anew where they end.
Tensors take_rows(const Tensors& example, int64_t first, int64_t rows) {
    const int64_t available = example.front().size(0);
    const at::Tensor index = torch::arange(first, first + rows).remainder(available);
    Tensors taken;
    for (const at::Tensor& input : example) taken.push_back(input.index_select(0, index));
    return taken;
}

/// The example inputs on the CPU. Throws unless all have the same number of rows.
Tensors checked_example(const Tensors& example, const std::string& name) {
    require(!example.empty(), name, " cannot be exported without example inputs");
    Tensors inputs;
    for (const at::Tensor& input : example) {
        require(input.defined() && input.dim() > 0 && input.size(0) > 0 && input.size(0) == example.front().size(0),
                name,
                " cannot be exported with these example inputs: each needs one row a sample, as many as the others");
        inputs.push_back(input.detach().to(at::kCPU));
    }
    return inputs;
}

/// The graph of one run of `model`, whose tensors `mirror` has. Values that no result needs are left out.
GraphPtr trace(const Model& model, torch::jit::Module& mirror, const Tensors& inputs) {
    namespace tracer = torch::jit::tracer;
    const auto run = [&](const torch::jit::Stack& stack) -> torch::jit::Stack {
        // Numbers that leave the graph are found by comparing traces.
        const tracer::NoWarn no_warnings;
        Tensors arguments;
        for (const auto& value : stack) arguments.push_back(value.toTensor());
        Tensors outputs = model(arguments);
        require(!outputs.empty(), "its forward gives no tensor");
        for (const at::Tensor& output : outputs) require(output.defined(), "its forward gives an undefined tensor");
        if (outputs.size() == 1) return {outputs.front()};
        return {c10::ivalue::Tuple::create(std::vector<torch::jit::IValue>(outputs.begin(), outputs.end()))};
    };
    const torch::jit::Stack stack(inputs.begin(), inputs.end());
    const auto traced = tracer::trace(
        stack, run, [](const at::Tensor&) { return ""; }, /*strict=*/true, /*force_outplace=*/false, &mirror);
    GraphPtr graph = traced.first->graph;
    torch::jit::EliminateDeadCode(graph);
    for (size_t i = 0; i < inputs.size(); ++i) {
        graph->inputs()[i + 1]->setDebugName(inputs.size() == 1 ? "x" : concat("x", i + 1));  // input 0 is self
    }
    return graph;
}

/// A batch, and what the module itself answers to it.
struct Check {
    Tensors inputs, expected;
};

std::vector<Check> answers(const Model& model, const Tensors& example) {
    std::vector<Check> checks;
    for (const int64_t rows : kCheckedRows) {
        Check check{take_rows(example, kTracedRows + kOtherRows, rows), {}};
        try {
            check.expected = model(take_rows(example, kTracedRows + kOtherRows, rows));
        } catch (const std::exception&) {
            continue;  // Where the module itself does not answer, the trace need not either.
        }
        checks.push_back(std::move(check));
    }
    return checks;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
    if (a.numel() == 0) return 0;
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

void require_same(const at::Tensor& traced, const at::Tensor& expected, int64_t rows) {
    require(traced.sizes() == expected.sizes() && traced.scalar_type() == expected.scalar_type(), "at batch size ",
            rows, " its trace gives a tensor of shape ", traced.sizes(), " where the module gives ", expected.sizes(),
            "; a forward must do the same whatever the number of rows");
    const at::Tensor a = traced.to(at::kDouble), b = expected.to(at::kDouble);
    const double scale = b.numel() == 0 ? 0 : b.nan_to_num(0, 0, 0).abs().max().item<double>();
    require(at::allclose(a, b, /*rtol=*/1e-6, /*atol=*/1e-6 * scale, /*equal_nan=*/true), "at batch size ", rows,
            " its trace and the module differ by up to ", largest_difference(a, b),
            "; a forward must not decide by the values or the number of its rows in C++, nor keep a state");
}

/// `module` as a reader of its file gets it, so that what cannot be read again is found out before a file is written.
torch::jit::Module read_back(const torch::jit::Module& module) {
    std::stringstream file(std::ios::in | std::ios::out | std::ios::binary);
    module.save(file);
    try {
        return torch::jit::load(file);
    } catch (const std::exception& error) {
        fail("LibTorch cannot read what it writes of it (", torch_message(error),
             "); the name of a tensor or submodule that means something in TorchScript, such as 'torch', may be the "
             "cause");
    }
}

void require_same_answers(const torch::jit::Module& traced, const std::vector<Check>& checks) {
    for (const Check& check : checks) {
        const int64_t rows = check.inputs.front().size(0);
        const std::vector<torch::jit::IValue> arguments(check.inputs.begin(), check.inputs.end());
        const Tensors results = as_tensors(call_method(traced, "forward", arguments));
        require(results.size() == check.expected.size(), "at batch size ", rows, " its trace gives ", results.size(),
                " tensors where the module gives ", check.expected.size());
        for (size_t i = 0; i < results.size(); ++i) require_same(results[i], check.expected[i], rows);
    }
}

torch::jit::Module trace_checked(const Model& model, const Tensors& example) {
    torch::jit::Module mirror = mirror_module(model.module());
    std::vector<Check> checks;
    {
        const EvalOnCpu isolated(model.module());
        const GraphPtr graph = trace(model, mirror, take_rows(example, 0, kTracedRows));
        if (const auto reason = untraceable_operation(*graph)) fail(*reason);
        const GraphPtr other = trace(model, mirror, take_rows(example, kTracedRows, kOtherRows));
        if (const auto reason = batch_dependence({*graph, kTracedRows}, {*other, kOtherRows})) fail(*reason);
        checks = answers(model, example);

        const c10::QualifiedName name(*mirror.type()->name(), "forward");
        mirror.type()->addMethod(mirror._ivalue()->compilation_unit()->create_function(name, graph));
    }
    own_tensors(mirror);
    require_same_answers(read_back(mirror), checks);
    return mirror;
}

}  // namespace

torch::jit::Module trace_module(const Model& model, const Tensors& example) {
    const std::string name = class_name(model.module());
    const Tensors inputs = checked_example(example, name);
    const torch::NoGradGuard no_grad;
    try {
        return trace_checked(model, inputs);
    } catch (const std::exception& error) {
        fail(name, " cannot be exported: ", torch_message(error));
    }
}

}  // namespace embark
