#include "tabular_answers.h"

#include <limits>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "../../../predictor/predictions.h"

namespace embark::onnx {

namespace {

constexpr const char* kRefusedDoc = " for a row with a number that is infinite as float32";

/// `value` without the rows that are refused.
std::string unless_refused(Graph& graph, const std::string& value, const std::string& refused, at::ScalarType type) {
    if (refused.empty()) return value;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return graph.node("Where", {refused, graph.constant(at::scalar_tensor(nan, type), "nan"), value});
}

void give_class(Graph& graph, const ForwardOutput& output, std::vector<std::string> classes, const std::string& prefix,
                const std::string& refused) {
    const std::string scores = output.type == Type::float32 ? output.name : graph.cast(output.name, Type::float32);
    const std::string probabilities = graph.node("Softmax", {scores}, {{"axis", int64_t{1}}});
    const auto n = static_cast<int64_t>(classes.size());
    std::string best = graph.node("ArgMax", {probabilities}, {{"axis", int64_t{1}}});
    if (!refused.empty()) {
        best = graph.node("Where", {refused, graph.integer(n), best});
        classes.emplace_back();
    }
    const std::string label = graph.node("Gather", {graph.texts(classes, "classes"), best});
    graph.output(prefix + "prediction", label, Type::string, {"rows", "1"},
                 concat("the most probable class; \"\"", kRefusedDoc));
    graph.output(prefix + "probabilities", unless_refused(graph, probabilities, refused, at::kFloat), Type::float32,
                 {"rows", concat(n)},
                 concat("of the classes, in the order of the metadata's `classes`; NaN", kRefusedDoc));
}

/// Of several labels a row there is a column for each, since a graph cannot join texts.
void give_labels(Graph& graph, const ForwardOutput& output, const TargetColumn& target, const std::string& prefix,
                 const std::string& refused) {
    const int64_t n = target.width();
    const std::string scores = output.type == Type::float32 ? output.name : graph.cast(output.name, Type::float32);
    const std::string probabilities =
        unless_refused(graph, graph.node("Sigmoid", {scores}), refused, at::kFloat);
    const std::string threshold = graph.constant(at::tensor(label_thresholds(target), at::kFloat), "thresholds");
    graph.output(prefix + "prediction", graph.node("Greater", {probabilities, threshold}), Type::boolean,
                 {"rows", concat(n)},
                 concat("whether a row has each of the labels, in the order of the metadata's `classes`; none",
                        kRefusedDoc));
    graph.output(prefix + "probabilities", probabilities, Type::float32, {"rows", concat(n)},
                 concat("of the labels, in the same order; NaN", kRefusedDoc));
}

void give_value(Graph& graph, const ForwardOutput& output, const TargetColumn& target, const std::string& prefix,
                const std::string& refused) {
    const std::string learnt = graph.node("Mul", {graph.cast(output.name, Type::float64), graph.number(target.scale)});
    std::string value = graph.node("Add", {learnt, graph.number(target.mean)});
    if (target.log) value = graph.node("Exp", {value});
    value = unless_refused(graph, graph.node("Reshape", {value, graph.integers({-1, 1})}), refused, at::kDouble);
    graph.output(prefix + "prediction", value, Type::float64, {"rows", "1"},
                 concat("in the units of ", target.name, "; NaN", kRefusedDoc));
}

}  // namespace

void give_answers(Graph& graph, const std::vector<ForwardOutput>& outputs, const TabularEncoder& encoder,
                  const std::string& refused) {
    const std::vector<TargetColumn>& targets = encoder.targets;
    require(outputs.size() == targets.size(), "The model gives ", outputs.size(), " outputs, and there are ",
            targets.size(), " targets");
    for (size_t i = 0; i < targets.size(); ++i) {
        const std::string prefix = targets.size() == 1 ? "" : targets[i].name + ".";
        if (targets[i].is_multi_label()) {
            give_labels(graph, outputs[i], targets[i], prefix, refused);
        } else if (targets[i].is_class()) {
            give_class(graph, outputs[i], encoder.target_classes(i), prefix, refused);
        } else {
            give_value(graph, outputs[i], targets[i], prefix, refused);
        }
    }
}

}  // namespace embark::onnx
