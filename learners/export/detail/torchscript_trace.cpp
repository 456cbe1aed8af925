#include "torchscript_trace.h"

#include <algorithm>
#include <memory>
#include <sstream>
#include <utility>

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/torch.h>

#include "../../../predictor/detail/export_format.h"
#include "../../../predictor/detail/torchscript_call.h"
#include "forward_script.h"
#include "free_sizes.h"
#include "size_constants.h"
#include "trace_answers.h"
#include "trace_comparison.h"
#include "value_reads.h"

namespace embark {

namespace {

using GraphPtr = std::shared_ptr<torch::jit::Graph>;
using Sizes = std::vector<int64_t>;

/// The inputs of one run, and what messages say of them: "with 5 rows".
struct TracedBatch {
    std::string description;
    Sizes sizes;
    Tensors inputs;
};

// The rows of the traces: numbers with few divisors and remainders in common, so that what is made of them differs too,
// and on both sides of the limits that a program may know. At the others, the trace must answer as the module does.
constexpr int64_t kTracedRows[] = {5, 12, 2, 7, 33, 1031};
constexpr int64_t kAnsweredRows[] = {1, 9};

/// How much larger than in the example a dynamic size is in these traces.
constexpr int64_t kTracedExtra[] = {0, 3, 515, 6, 13, 2};

/// How many values the inputs have at most where sizes are large, and where there are as many as 33 rows.
constexpr int64_t kMostValues = 1 << 16, kMostValuesOf33 = 1 << 23;

int64_t n_values(const Tensors& inputs) {
    int64_t sum = 0;
    for (const at::Tensor& input : inputs) sum += input.numel();
    return sum;
}

/// The sizes of trace `i`: the dynamic ones apart from each other.
Sizes traced_sizes(const FreeSizes& free, size_t i, int64_t rows, int64_t extra) {
    Sizes sizes = {rows};
    for (size_t k = 1; k < free.size(); ++k) {
        sizes.push_back(free[k].example + extra + static_cast<int64_t>((k - 1) * i));
    }
    return sizes;
}

TracedBatch batch_of(const Tensors& example, const FreeSizes& free, const Sizes& sizes, int64_t first) {
    return {concat("with ", describe_sizes(free, sizes)), sizes, resized(example, free, sizes, first)};
}

/// Batches of several sizes, the first two of which a model must take, and one of them with other values.
std::vector<TracedBatch> batches_to_trace(const Tensors& example, const FreeSizes& free) {
    std::vector<TracedBatch> batches;
    for (size_t i = 0; i < std::size(kTracedRows); ++i) {
        int64_t rows = kTracedRows[i], extra = kTracedExtra[i];
        const auto batch = [&] {
            const int64_t first = static_cast<int64_t>(i) * kTracedRows[0];
            return batch_of(example, free, traced_sizes(free, i, rows, extra), first);
        };
        while (rows > 33 && n_values(batch().inputs) > kMostValues) rows /= 2;
        while (extra > 33 && n_values(batch().inputs) > kMostValues) extra /= 2;
        const bool too_large = rows > 12 && n_values(batch().inputs) > kMostValuesOf33;
        if (!too_large) batches.push_back(batch());
    }
    const TracedBatch first = batches.front();
    for (auto& [values, inputs] : with_other_values(first.inputs)) {
        batches.push_back({concat("with ", values), first.sizes, std::move(inputs)});
    }
    return batches;
}

/// Batches beside the traced ones: other numbers of rows, and small dynamic sizes.
std::vector<TracedBatch> batches_to_answer(const Tensors& example, const FreeSizes& free) {
    std::vector<TracedBatch> batches;
    for (const int64_t rows : kAnsweredRows) {
        batches.push_back(batch_of(example, free, traced_sizes(free, 0, rows, 0), kTracedRows[0]));
    }
    for (size_t k = 1; k < free.size(); ++k) {
        for (const int64_t size : {int64_t{1}, (free[k].example + 1) / 2}) {
            Sizes sizes = traced_sizes(free, 0, kAnsweredRows[1], 0);
            sizes[k] = size;
            batches.push_back(batch_of(example, free, sizes, 0));
        }
    }
    return batches;
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

/// What one run of a model left.
struct TraceRun {
    GraphPtr graph;
    Tensors outputs;
    /// See ValueReads.
    std::optional<std::string> objection;
    std::vector<double> constants;
    bool has_attention = false;
};

/// One run of `model`, whose tensors `mirror` has. Values that no result needs are left out of the graph.
TraceRun trace(const Model& model, torch::jit::Module& mirror, const Tensors& inputs) {
    namespace tracer = torch::jit::tracer;
    TraceRun made;
    const auto run = [&](const torch::jit::Stack& stack) -> torch::jit::Stack {
        // Numbers that leave the graph are found by watching, and by comparing traces.
        const tracer::NoWarn no_warnings;
        Tensors arguments;
        for (const auto& value : stack) arguments.push_back(value.toTensor());
        ValueReads reads;
        made.outputs = model(arguments);
        made.objection = reads.objection();
        made.constants = reads.constants();
        made.has_attention = reads.has_attention();
        require(!made.outputs.empty(), "its forward gives no tensor");
        for (const at::Tensor& output : made.outputs) {
            require(output.defined(), "its forward gives an undefined tensor");
            require(output.requires_grad() || tracer::getTracingState()->hasValue(output),
                    "its forward gives a tensor that follows neither from its inputs nor from its parameters");
        }
        if (made.outputs.size() == 1) return {made.outputs.front()};
        return {c10::ivalue::Tuple::create(
            std::vector<torch::jit::IValue>(made.outputs.begin(), made.outputs.end()))};
    };
    Tensors own;
    for (const at::Tensor& input : inputs) own.push_back(input.clone());
    const torch::jit::Stack stack(own.begin(), own.end());
    const auto traced = tracer::trace(
        stack, run, [](const at::Tensor&) { return ""; }, /*strict=*/true, /*force_outplace=*/false, &mirror);
    made.graph = traced.first->graph;
    torch::jit::EliminateDeadCode(made.graph);
    for (size_t i = 0; i < inputs.size(); ++i) {
        made.graph->inputs()[i + 1]->setDebugName(input_name(i, inputs.size()));  // input 0 is self
    }
    for (at::Tensor& output : made.outputs) output = output.clone();
    return made;
}

/// `model` traced with each batch that it takes; the first two it must take. What it answers goes to `answered`.
std::vector<TracedGraph> trace_all(const Model& model, torch::jit::Module& mirror,
                                   const std::vector<TracedBatch>& batches, std::vector<AnsweredBatch>& answered) {
    std::vector<TracedGraph> traces;
    std::vector<double> constants;
    for (size_t i = 0; i < batches.size(); ++i) {
        TraceRun run;
        try {
            run = trace(model, mirror, batches[i].inputs);
        } catch (const std::exception& error) {
            if (i == 0) throw;
            if (i == 1) fail(batches[i].description, " its forward fails: ", torch_message(error));
            continue;  // Where the module itself does not answer, the trace need not either.
        }
        if (run.objection) fail(*run.objection);
        if (i == 0) constants = run.constants;
        require(run.constants == constants || batches[i].sizes != batches[0].sizes,
                "a number that it takes out of a tensor by item() follows from its input's values, and the file would "
                "keep that number and what is decided by it; stay with tensors there");
        answered.push_back({batches[i].description, batches[i].inputs, run.outputs});
        // Among zeros or NaN, attention finds its inputs equal that differ otherwise, or the other way round.
        if (i > 0 && batches[i].sizes == batches[0].sizes && run.has_attention) continue;
        traces.push_back({run.graph, batches[i].sizes, batches[i].description});
    }
    return traces;
}

Tensors copies(const Tensors& tensors) {
    Tensors own;
    for (const at::Tensor& tensor : tensors) own.push_back(tensor.clone());
    return own;
}

bool can_answer(const Model& model, const Tensors& inputs) {
    try {
        model(copies(inputs));
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

/// The free sizes, where dynamic ones that are equal in the example count as one if the module does not take them
/// apart.
FreeSizes sizes_of(const Model& model, const Tensors& example, const DynamicDims& dynamic_dims) {
    const FreeSizes apart = free_sizes(example, dynamic_dims, /*together=*/false);
    const FreeSizes together = free_sizes(example, dynamic_dims, /*together=*/true);
    if (together.size() == apart.size()) return apart;
    return can_answer(model, batches_to_trace(example, apart)[1].inputs) ? apart : together;
}

/// The graph of `model` for all sizes. What it answers goes to `answered`.
GraphPtr general_graph(const Model& model, torch::jit::Module& mirror, const Tensors& example, const FreeSizes& free,
                       std::vector<AnsweredBatch>& answered) {
    const auto batches = batches_to_trace(example, free);
    std::vector<TracedGraph> traces = trace_all(model, mirror, batches, answered);
    std::vector<VaryingConstant> constants;
    if (const auto reason = compare_traces(traces, constants)) fail(*reason);
    if (const auto reason = replace_size_constants(traces, free, constants)) fail(*reason);
    if (const auto reason = untraceable_operation(*traces.front().graph)) fail(*reason);
    for (TracedBatch& batch : batches_to_answer(example, free)) {
        try {
            answered.push_back({batch.description, batch.inputs, copies(model(copies(batch.inputs)))});
        } catch (const std::exception&) {
            continue;
        }
    }
    return traces.front().graph;
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

torch::jit::Module trace_checked(const Model& model, const Tensors& example, FreeSizes& free,
                                 const DynamicDims& dynamic_dims, ExportPrecision precision) {
    torch::jit::Module mirror = mirror_module(model.module());
    std::vector<AnsweredBatch> answered;
    {
        const EvalOnCpu isolated(model.module(), precision);
        free = sizes_of(model, example, dynamic_dims);
        const GraphPtr graph = general_graph(model, mirror, example, free, answered);
        const c10::QualifiedName name(*mirror.type()->name(), kTracedForward);
        mirror.type()->addMethod(mirror._ivalue()->compilation_unit()->create_function(name, graph));
        define_forward(mirror, example, free);
    }
    own_tensors(mirror, precision);
    require_same_answers(read_back(mirror), answered);
    return mirror;
}

}  // namespace

torch::jit::Module trace_module(const Model& model, const Tensors& example, const DynamicDims& dynamic_dims,
                                FreeSizes* free, ExportPrecision precision) {
    const std::string name = class_name(model.module());
    const Tensors inputs = checked_example(example, name);
    FreeSizes sizes = free_sizes(inputs, dynamic_dims, /*together=*/false);
    const torch::NoGradGuard no_grad;
    try {
        const torch::jit::Module traced = trace_checked(model, inputs, sizes, dynamic_dims, precision);
        if (free) *free = sizes;
        return traced;
    } catch (const std::exception& error) {
        fail(name, " cannot be exported: ", torch_message(error));
    }
}

}  // namespace embark
