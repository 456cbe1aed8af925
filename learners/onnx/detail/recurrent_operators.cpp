#include <utility>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// A recurrent node of ONNX, and the order of PyTorch's gates in it.
struct RecurrentKind {
    const char* node;
    std::vector<int64_t> gates;
    /// Of plain RNNs, what follows each step.
    const char* activation;
};

const RecurrentKind kLstm{"LSTM", {0, 3, 1, 2}, nullptr}, kGru{"GRU", {1, 0, 2}, nullptr}, kTanhRnn{"RNN", {0}, "Tanh"},
    kReluRnn{"RNN", {0}, "Relu"};

/// Weights or biases of all gates, in ONNX's order.
at::Tensor in_gate_order(const at::Tensor& tensor, const RecurrentKind& kind) {
    const std::vector<at::Tensor> gates = tensor.chunk(static_cast<int64_t>(kind.gates.size()), 0);
    std::vector<at::Tensor> ordered;
    for (const int64_t gate : kind.gates) ordered.push_back(gates[static_cast<size_t>(gate)]);
    return at::cat(ordered);
}

/// A recurrent network, layer by layer.
class RecurrentNetwork {
public:
    RecurrentNetwork(TracedOperation& op, const RecurrentKind& kind) : op_(op), kind_(kind) {
        require(!op.flag("train") || op.number("dropout") == 0,
                "it is in training mode; put the model into evaluation mode");
        n_directions_ = op.flag("bidirectional") ? 2 : 1;
        has_biases_ = op.flag("has_biases");
        for (const TracedValue& parameter : op.input("params").elements) {
            require(!parameter.in_graph(), "its weights follow from its input");
            parameters_.push_back(parameter.example());
        }
        n_features_ = parameters_.at(1).size(1);
        const auto n_gates = static_cast<int64_t>(kind.gates.size());
        require(parameters_.at(1).size(0) == n_gates * n_features_, "with projections it has no ONNX form here");
    }

    /// [time, rows, features] after the last layer; `x` is the same for the first, `lengths` the rows' where they
    /// differ, `states` what the layers begin with: the hidden state and, for an LSTM, the cell's.
    Term run(Term x, const std::string& lengths, const Terms& states) {
        const int64_t n_layers = op_.integer("num_layers");
        finals_.resize(states.size());
        for (int64_t layer = 0; layer < n_layers; ++layer) x = run_layer(layer, x, lengths, states);
        return x;
    }

    /// The states after the last step, as [layers · directions, rows, features].
    Names final_states() const {
        Names names;
        for (const Terms& layers : finals_) names.push_back(concat_terms(layers, 0).name);
        return names;
    }

private:
    /// A parameter of a layer's directions, one behind the other.
    at::Tensor stacked(int64_t layer, int64_t parameter) const {
        const int64_t n_each = has_biases_ ? 4 : 2;
        std::vector<at::Tensor> directions;
        for (int64_t direction = 0; direction < n_directions_; ++direction) {
            const int64_t i = (layer * n_directions_ + direction) * n_each + parameter;
            directions.push_back(in_gate_order(parameters_.at(static_cast<size_t>(i)), kind_));
        }
        return at::stack(directions);
    }

    std::string parameter(const at::Tensor& tensor) { return op_.graph().constant(tensor, kind_.node); }

    Term run_layer(int64_t layer, const Term& x, const std::string& lengths, const Terms& states) {
        Names inputs = {x.name, parameter(stacked(layer, 0)), parameter(stacked(layer, 1)),
                        has_biases_ ? parameter(at::cat({stacked(layer, 2), stacked(layer, 3)}, 1)) : "", lengths};
        for (const Term& state : states) {
            inputs.push_back(slice(state, 0, layer * n_directions_, (layer + 1) * n_directions_).name);
        }
        Attributes attributes = {{"hidden_size", n_features_}};
        if (n_directions_ == 2) attributes.push_back({"direction", std::string("bidirectional")});
        if (kind_.activation) {
            const auto n_directions = static_cast<size_t>(n_directions_);
            attributes.push_back({"activations", std::vector<std::string>(n_directions, kind_.activation)});
        }
        // The reset gate of PyTorch's GRU acts on the product with the weights.
        if (kind_.node == std::string_view("GRU")) attributes.push_back({"linear_before_reset", int64_t{1}});
        const Names outputs = op_.graph().nodes(kind_.node, inputs, 1 + states.size(), attributes);
        for (size_t i = 0; i < states.size(); ++i) finals_[i].push_back({x.graph, outputs[i + 1], x.type});
        // [time, directions, rows, features]; a 0 in a shape keeps what was there.
        const Term y{x.graph, outputs[0], x.type};
        return apply_ints("Reshape", permute(y, {0, 2, 1, 3}), {{0, 0, n_directions_ * n_features_}});
    }

    TracedOperation& op_;
    const RecurrentKind& kind_;
    int64_t n_directions_ = 1, n_features_ = 0;
    bool has_biases_ = true;
    std::vector<at::Tensor> parameters_;
    /// By state, by layer.
    std::vector<Terms> finals_;
};

Terms first_states(TracedOperation& op) {
    return op.input("hx").is_tensor() ? Terms{op.term("hx")} : op.terms("hx");
}

Names recurrent_form(TracedOperation& op, const RecurrentKind& kind) {
    require(op.type() == at::kFloat, "ONNX Runtime computes recurrent layers with float32 alone");
    RecurrentNetwork network(op, kind);
    Term y;
    if (op.has("data")) {
        TracedValue padded = op.input("data");
        const Term lengths{&op.graph(), std::exchange(padded.lengths, ""), at::kLong};
        require(!lengths.name.empty(), "it takes a packed sequence that was not packed in the model");
        y = network.run(op.term(padded), cast(lengths, at::kInt).name, first_states(op));
        op.set_lengths(0, lengths.name);
    } else {
        const bool batch_first = op.flag("batch_first");
        const Term x = op.term("input");
        y = network.run(batch_first ? permute(x, {1, 0, 2}) : x, "", first_states(op));
        if (batch_first) y = permute(y, {1, 0, 2});
    }
    Names results = network.final_states();
    results.insert(results.begin(), y.name);
    return results;
}

/// A packed sequence stays padded in the graph, [time, rows, features], beside the rows' lengths. How many rows each
/// step has is nothing but these lengths either.
Names pack_form(TracedOperation& op) {
    const Term x = op.term("input");
    const std::string lengths = op.term("lengths", at::kLong).name;
    op.set_lengths(0, lengths);
    op.set_lengths(1, lengths);
    return {op.flag("batch_first") ? permute(x, {1, 0, 2}).name : x.name, ""};
}

Names pad_packed_form(TracedOperation& op) {
    TracedValue packed = op.input("data");
    const Term lengths{&op.graph(), std::exchange(packed.lengths, ""), at::kLong};
    require(!lengths.name.empty(), "it takes a packed sequence that was not packed in the model");
    Term x = op.term(packed);
    const Term longest = reduce_max(lengths, {0}, true), zero = number_like(lengths, 0), one = number_like(lengths, 1);
    const std::string first_dim = op.graph().integers({0});
    x = {x.graph, x.graph->node("Slice", {x.name, first_dim, longest.name, first_dim}), x.type};
    if (op.input("total_length").in_graph() || op.integer("total_length") > 0) {
        const Term others = slice(shape_of(x), 0, 1, 3);
        const Term more = unsqueeze(op.term("total_length", at::kLong), {0}) - longest;
        x = concat_terms({x, expand(number_like(x, 0), concat_terms({more, others}, 0))}, 0);
    }
    const Term steps = unsqueeze(apply("Range", {zero, size_of(x, 0), one}), {1});
    const Term inside = unsqueeze(steps < unsqueeze(lengths, {0}), {2});
    const Term padded = where(inside, x, op.term("padding_value", x.type));
    return {op.flag("batch_first") ? permute(padded, {1, 0, 2}).name : padded.name, lengths.name};
}

/// x·w + b for one step of a cell.
Term cell_product(TracedOperation& op, const Term& x, const char* weight, const char* bias) {
    Terms inputs = {x, op.term(weight)};
    if (op.given(bias)) inputs.push_back(op.term(bias));
    return apply("Gemm", inputs, {{"transB", int64_t{1}}});
}

Terms gates_of(const Term& x, size_t n_gates) {
    Terms gates;
    for (const std::string& name : x.graph->nodes("Split", {x.name}, n_gates, {{"axis", int64_t{1}}})) {
        gates.push_back({x.graph, name, x.type});
    }
    return gates;
}

Names lstm_cell_form(TracedOperation& op) {
    const Terms states = op.terms("hx");
    const Terms gates =
        gates_of(cell_product(op, op.term("input"), "w_ih", "b_ih") + cell_product(op, states[0], "w_hh", "b_hh"), 4);
    const Term cell = sigmoid(gates[1]) * states[1] + sigmoid(gates[0]) * tanh(gates[2]);
    return {(sigmoid(gates[3]) * tanh(cell)).name, cell.name};
}

Term gru_cell_form(TracedOperation& op) {
    const Term h = op.term("hx");
    const Terms from_x = gates_of(cell_product(op, op.term("input"), "w_ih", "b_ih"), 3);
    const Terms from_h = gates_of(cell_product(op, h, "w_hh", "b_hh"), 3);
    const Term reset = sigmoid(from_x[0] + from_h[0]), update = sigmoid(from_x[1] + from_h[1]);
    const Term made = tanh(from_x[2] + reset * from_h[2]);
    return made + update * (h - made);
}

Term rnn_cell_form(TracedOperation& op, const char* activation) {
    const Term x = cell_product(op, op.term("input"), "w_ih", "b_ih"),
               h = cell_product(op, op.term("hx"), "w_hh", "b_hh");
    return apply(activation, {x + h});
}

}  // namespace

OnnxForms recurrent_forms() {
    return {
        {"lstm", [](TracedOperation& op) { return recurrent_form(op, kLstm); }},
        {"gru", [](TracedOperation& op) { return recurrent_form(op, kGru); }},
        {"rnn_tanh", [](TracedOperation& op) { return recurrent_form(op, kTanhRnn); }},
        {"rnn_relu", [](TracedOperation& op) { return recurrent_form(op, kReluRnn); }},
        {"_pack_padded_sequence", pack_form},
        {"_pad_packed_sequence", pad_packed_form},
        {"lstm_cell", lstm_cell_form},
        {"gru_cell", term_form(gru_cell_form)},
        {"rnn_tanh_cell", term_form([](TracedOperation& op) { return rnn_cell_form(op, "Tanh"); })},
        {"rnn_relu_cell", term_form([](TracedOperation& op) { return rnn_cell_form(op, "Relu"); })},
    };
}

}  // namespace embark::onnx
