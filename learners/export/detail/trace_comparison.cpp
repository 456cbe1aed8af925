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

/// A scalar tensor as its number; other values unchanged.
IValue number_of(const IValue& value) {
    if (!value.isTensor() || !value.toTensor().defined() || value.toTensor().numel() != 1) return value;
    return value.toTensor().item();
}

std::string describe(const IValue& value) {
    if (value.isTensor()) return concat("a tensor of shape ", value.toTensor().sizes());
    return concat(value);
}

/// The operation that `value` serves: the first that takes it, past what only wraps it up, such as a list.
std::string user_of(const Value* value) {
    while (value->hasUses()) {
        const Node* user = value->uses().front().user;
        if (user->kind() == c10::prim::Return) return "its result";
        if (!user->kind().is_prim() || user->outputs().size() != 1) return user->kind().toQualString();
        value = user->output();
    }
    return value->node()->kind().toQualString();
}

/// An operation's name; of one that only takes a result apart, the name of what made the result.
std::string name_of(const Node* node) {
    while (node->kind().is_prim() && !node->inputs().empty()) node = node->inputs().front()->node();
    return node->kind().toQualString();
}

class Comparison {
public:
    Comparison(int64_t rows, int64_t other_rows) : rows_(rows), other_rows_(other_rows) {}

    std::optional<std::string> of(const Block* one, const Block* other) {
        pair(one->inputs(), other->inputs());
        auto a = one->nodes().begin(), b = other->nodes().begin();
        for (; a != one->nodes().end() && b != other->nodes().end(); ++a, ++b) {
            if (auto difference = of(*a, *b)) return difference;
        }
        if (a != one->nodes().end()) return other_structure(*a);
        if (b != other->nodes().end()) return other_structure(*b);
        return of(one->return_node(), other->return_node());
    }

private:
    std::optional<std::string> of(const Node* a, const Node* b) {
        if (a->kind() == c10::prim::Constant && b->kind() == c10::prim::Constant) return of_constants(a, b);
        const bool alike = a->kind() == b->kind() && a->inputs().size() == b->inputs().size() &&
                           a->outputs().size() == b->outputs().size() && a->blocks().size() == b->blocks().size();
        if (!alike) return other_structure(a);
        if (a->kind() == c10::prim::GetAttr && a->s(c10::attr::name) != b->s(c10::attr::name))
            return other_structure(a);
        for (size_t i = 0; i < a->inputs().size(); ++i) {
            if (counterpart_.at(a->inputs()[i]) != b->inputs()[i]) return other_structure(a);
        }
        for (size_t i = 0; i < a->blocks().size(); ++i) {
            if (auto difference = of(a->blocks()[i], b->blocks()[i])) return difference;
        }
        pair(a->outputs(), b->outputs());
        return std::nullopt;
    }

    std::optional<std::string> of_constants(const Node* a, const Node* b) {
        pair(a->outputs(), b->outputs());
        const auto x = torch::jit::toIValue(a->output()), y = torch::jit::toIValue(b->output());
        if (x && y && same_value(*x, *y)) return std::nullopt;
        if (!x || !y) return other_structure(a);
        const IValue value = number_of(*x), other_value = number_of(*y);
        constexpr std::string_view kAdvice =
            "; use -1 or operations that follow the size of their input, such as flatten(1), expand_as or zeros_like, "
            "there";
        if (value.isInt() && value.toInt() == rows_ && other_value.isInt() && other_value.toInt() == other_rows_) {
            return concat(user_of(a->output()), " uses the batch size ", rows_, " as a fixed number", kAdvice);
        }
        return concat(user_of(a->output()), " uses a fixed value that follows from the batch, ", describe(value),
                      " for ", rows_, " rows and ", describe(other_value), " for ", other_rows_, " rows", kAdvice);
    }

    std::string other_structure(const Node* node) const {
        return concat("its operations are not the same for every batch: those for ", rows_, " rows and for ",
                      other_rows_, " rows part at ", name_of(node),
                      "; a forward must do the same whatever the rows and their number");
    }

    template <class Values>
    void pair(const Values& a, const Values& b) {
        for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) counterpart_[a[i]] = b[i];
    }

    int64_t rows_, other_rows_;
    std::unordered_map<const Value*, const Value*> counterpart_;
};

/// Whether `value` is computed from an input of the graph, that is not only from constants and parameters.
bool follows_from_input(const Value* value, std::unordered_set<const Value*>& seen) {
    if (!seen.insert(value).second) return false;
    const Node* node = value->node();
    // Input 0 is the module itself.
    if (node->kind() == c10::prim::Param) return value->offset() > 0;
    const auto inputs = node->inputs();
    return std::any_of(inputs.begin(), inputs.end(), [&](const Value* v) { return follows_from_input(v, seen); });
}

/// Whether a recurrent layer has its first state as a constant, with as many rows as the batch of the trace.
bool has_fixed_state(const Node* node) {
    std::unordered_set<const Value*> seen;
    return !follows_from_input(node->namedInput("hx"), seen);
}

bool is_recurrent(std::string_view name) {
    return name == "aten::lstm" || name == "aten::gru" || name == "aten::rnn_tanh" || name == "aten::rnn_relu";
}

/// Recurrent layers count as drawing random numbers since they have a dropout of their own, which eval mode turns off.
bool is_recurrent_in_eval_mode(const Node* node) {
    if (!is_recurrent(node->kind().toQualString())) return false;
    const auto train = torch::jit::toIValue(node->namedInput("train"));
    return train && train->isBool() && !train->toBool();
}

std::optional<std::string> untraceable_node(const Node* node) {
    const std::string name = node->kind().toQualString();
    if (is_recurrent(name) && has_fixed_state(node)) {
        return name +
               " keeps the batch size it was traced with; use a TextEncoder, or call the function of that name, or "
               "cells (LSTMCell, GRUCell, RNNCell), with a first state that follows from the input, for example by "
               "zeros_like";
    }
    if (node->isNondeterministic() && !is_recurrent_in_eval_mode(node)) {
        return name +
               " draws random numbers in eval mode; use a module that stops then, such as torch::nn::Dropout, "
               "or ask is_training()";
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> batch_dependence(const TracedGraph& one, const TracedGraph& other) {
    return Comparison(one.rows, other.rows).of(one.graph.block(), other.graph.block());
}

std::optional<std::string> untraceable_operation(const torch::jit::Graph& graph) {
    for (const Node* node : graph.nodes()) {
        if (auto reason = untraceable_node(node)) return reason;
    }
    return std::nullopt;
}

}  // namespace embark
