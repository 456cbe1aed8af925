#include "trace_comparison.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/torch.h>

#include "../../../core/error.h"

namespace embark {

namespace {

using torch::jit::Block;
using torch::jit::IValue;
using torch::jit::Node;
using torch::jit::Value;

bool same_tensor(const at::Tensor& a, const at::Tensor& b) {
    if (a.defined() != b.defined()) return false;
    if (!a.defined()) return true;
    if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
    if (!a.is_floating_point()) return at::equal(a, b);
    return at::allclose(a, b, /*rtol=*/0, /*atol=*/0, /*equal_nan=*/true);
}

bool same_value(const IValue& a, const IValue& b) {
    if (a.tagKind() != b.tagKind()) return false;
    if (a.isTensor()) return same_tensor(a.toTensor(), b.toTensor());
    if (a.isDouble() && std::isnan(a.toDouble())) return std::isnan(b.toDouble());
    return a == b;
}

/// An operation's name; of one that only takes a result apart, the name of what made the result.
std::string name_of(const Node* node) {
    while (node->kind().is_prim() && !node->inputs().empty()) node = node->inputs().front()->node();
    return node->kind().toQualString();
}

/// Two graphs, node by node.
class Comparison {
public:
    /// The constants that differ go to `constants`: nodes of the first graph, with their values in the other.
    explicit Comparison(std::unordered_map<const Node*, IValue>& constants) : constants_(constants) {}

    /// The node from which on they differ; null where they do not.
    const Node* of(const Block* one, const Block* other) {
        pair(one->inputs(), other->inputs());
        auto a = one->nodes().begin(), b = other->nodes().begin();
        for (; a != one->nodes().end() && b != other->nodes().end(); ++a, ++b) {
            if (const Node* difference = of(*a, *b)) return difference;
        }
        if (a != one->nodes().end()) return *a;
        if (b != other->nodes().end()) return *b;
        return of(one->return_node(), other->return_node());
    }

private:
    const Node* of(const Node* a, const Node* b) {
        if (a->kind() == c10::prim::Constant && b->kind() == c10::prim::Constant) return of_constants(a, b);
        const bool alike = a->kind() == b->kind() && a->inputs().size() == b->inputs().size() &&
                           a->outputs().size() == b->outputs().size() && a->blocks().size() == b->blocks().size();
        if (!alike) return a;
        if (a->kind() == c10::prim::GetAttr && a->s(c10::attr::name) != b->s(c10::attr::name)) return a;
        for (size_t i = 0; i < a->inputs().size(); ++i) {
            if (counterpart_.at(a->inputs()[i]) != b->inputs()[i]) return a;
        }
        for (size_t i = 0; i < a->blocks().size(); ++i) {
            if (const Node* difference = of(a->blocks()[i], b->blocks()[i])) return difference;
        }
        pair(a->outputs(), b->outputs());
        return nullptr;
    }

    const Node* of_constants(const Node* a, const Node* b) {
        pair(a->outputs(), b->outputs());
        const auto x = torch::jit::toIValue(a->output()), y = torch::jit::toIValue(b->output());
        if (!x || !y) return a;
        if (!same_value(*x, *y)) constants_.emplace(a, *y);
        return nullptr;
    }

    template <class Values>
    void pair(const Values& a, const Values& b) {
        for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) counterpart_[a[i]] = b[i];
    }

    std::unordered_map<const Node*, IValue>& constants_;
    std::unordered_map<const Value*, const Value*> counterpart_;
};

using VisitedValues = std::unordered_set<const Value*>;

bool follows_input(const Value* value, VisitedValues& seen);

/// Whether a later node writes something that follows from an input into the memory of `value`, or into a view of it.
bool is_overwritten(const Value* value, VisitedValues& seen) {
    for (const auto& use : value->uses()) {
        const auto* schema = use.user->maybeSchema();
        if (!schema || use.offset >= schema->arguments().size()) continue;
        if (!schema->arguments()[use.offset].alias_info()) continue;
        const auto results = use.user->outputs();
        if (std::any_of(results.begin(), results.end(), [&](const Value* v) { return follows_input(v, seen); })) {
            return true;
        }
    }
    return false;
}

bool follows_input(const Value* value, VisitedValues& seen) {
    if (!seen.insert(value).second) return false;
    const Node* node = value->node();
    // Input 0 is the module itself.
    if (node->kind() == c10::prim::Param) return value->offset() > 0;
    const auto inputs = node->inputs();
    return std::any_of(inputs.begin(), inputs.end(), [&](const Value* v) { return follows_input(v, seen); }) ||
           is_overwritten(value, seen);
}

bool is_recurrent(std::string_view name) {
    return name == "aten::lstm" || name == "aten::gru" || name == "aten::rnn_tanh" || name == "aten::rnn_relu";
}

/// Recurrent layers and attention count as drawing random numbers since they have a dropout of their own, which eval
/// mode turns off.
bool has_dropout_turned_off(const Node* node) {
    const std::string name = node->kind().toQualString();
    const auto constant = [&](const char* argument) { return torch::jit::toIValue(node->namedInput(argument)); };
    if (is_recurrent(name)) {
        const auto train = constant("train");
        return train && train->isBool() && !train->toBool();
    }
    if (name != "aten::scaled_dot_product_attention") return false;
    const auto dropout = constant("dropout_p");
    return dropout && dropout->isDouble() && dropout->toDouble() == 0;
}

std::optional<std::string> untraceable_node(const Node* node) {
    const std::string name = node->kind().toQualString();
    // Its first state is a constant, with as many rows as the batch of the trace.
    if (is_recurrent(name) && !follows_from_input(node->namedInput("hx"))) {
        return name +
               " keeps the batch size it was traced with; give it a first state that follows from the input, for "
               "example by zeros_like";
    }
    if (node->isNondeterministic() && !has_dropout_turned_off(node)) {
        return name +
               " draws random numbers in eval mode; use a module that stops then, such as torch::nn::Dropout, "
               "or ask is_training()";
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> compare_traces(const std::vector<TracedGraph>& traces,
                                          std::vector<VaryingConstant>& constants) {
    const TracedGraph& first = traces.front();
    std::vector<std::unordered_map<const Node*, IValue>> differing(traces.size());
    for (size_t i = 1; i < traces.size(); ++i) {
        const Node* node = Comparison(differing[i]).of(first.graph->block(), traces[i].graph->block());
        if (!node) continue;
        return concat("its operations are not the same for every batch: those ", first.description, " and those ",
                      traces[i].description, " part at ", name_of(node),
                      "; a forward must do the same whatever the rows, their number, and the sizes that dynamic_dims "
                      "names");
    }
    for (Node* node : first.graph->nodes()) {
        const auto varies = [&](const auto& values) { return values.contains(node); };
        if (std::none_of(differing.begin(), differing.end(), varies)) continue;
        const IValue own = *torch::jit::toIValue(node->output());
        constants.push_back({node, {own}});
        for (size_t i = 1; i < traces.size(); ++i) {
            const auto other = differing[i].find(node);
            constants.back().values.push_back(other == differing[i].end() ? own : other->second);
        }
    }
    return std::nullopt;
}

std::optional<std::string> untraceable_operation(const torch::jit::Graph& graph) {
    for (const Node* node : graph.nodes()) {
        if (auto reason = untraceable_node(node)) return reason;
    }
    return std::nullopt;
}

bool follows_from_input(const Value* value) {
    VisitedValues seen;
    return follows_input(value, seen);
}

std::string operation_taking(const Value* value) {
    while (value->hasUses()) {
        const Node* user = value->uses().front().user;
        if (user->kind() == c10::prim::Return) return "its result";
        if (!user->kind().is_prim() || user->outputs().size() != 1) return user->kind().toQualString();
        value = user->output();
    }
    return value->node()->kind().toQualString();
}

}  // namespace embark
