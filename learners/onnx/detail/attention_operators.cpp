#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// softmax(scores) along the last dimension; 0 where all scores are -inf, as a query that may look at nothing has.
Term safe_softmax(const Term& scores) {
    const Term nothing = reduce_max(scores, {-1}, true) == -kInfinity;
    const Term weights = apply("Softmax", {scores}, {{"axis", int64_t{-1}}});
    return where(nothing, number_like(weights, 0), weights);
}

/// The last two dimensions of `x` [..., a, b] exchanged.
Term flipped_matrices(const Term& x, int64_t rank) {
    std::vector<int64_t> order;
    for (int64_t dim = 0; dim < rank; ++dim) order.push_back(dim);
    std::swap(order[order.size() - 1], order[order.size() - 2]);
    return permute(x, order);
}

/// True on and below the diagonal: a query looks at keys up to its own place.
Term causal_mask(TracedOperation& op, const Term& scores) {
    const int64_t n_queries = op.fixed_size("query", -2), n_keys = op.fixed_size("key", -2);
    const at::Tensor mask = at::ones({n_queries, n_keys}, at::kBool).tril();
    return {scores.graph, scores.graph->constant(mask), at::kBool};
}

Term attention_form(TracedOperation& op) {
    require(op.number_or("dropout_p", 0) == 0, "it drops out at random; put the model into evaluation mode");
    require(!op.flag_or("enable_gqa", false), "with enable_gqa it has no ONNX form here");
    const Term query = op.term("query"), key = op.term("key");
    const auto n_features = static_cast<double>(op.fixed_size("query", -1));
    const double scale = op.number_or("scale", 1 / std::sqrt(n_features));
    Term scores = matmul(query * scale, flipped_matrices(key, op.input("key").n_dims()));
    const Term closed = number_like(scores, -kInfinity);
    bool masked = false;
    if (op.flag_or("is_causal", false)) {
        scores = where(causal_mask(op, scores), scores, closed);
        masked = true;
    }
    if (op.given("attn_mask")) {
        const Term mask = op.term("attn_mask");
        scores = mask.type == at::kBool ? where(mask, scores, closed) : scores + cast(mask, scores.type);
        masked = true;
    }
    const Term weights = masked ? safe_softmax(scores) : apply("Softmax", {scores}, {{"axis", int64_t{-1}}});
    return matmul(weights, op.term("value"));
}

/// What PyTorch computes by one operator in evaluation mode: self-attention of several heads, its weights in one
/// matrix.
struct SelfAttention {
    TracedOperation& op;
    int64_t n_features, n_heads;

    /// [rows, time, 3 · features] as three of [rows, heads, time, features of a head].
    Terms heads(const Term& x) const {
        const Term weight = op.term("qkv_weight"), product = matmul(x, permute(weight, {1, 0}));
        const Term all = op.given("qkv_bias") ? product + op.term("qkv_bias") : product;
        const Term split = apply_ints("Reshape", all, {{0, 0, 3, n_heads, n_features / n_heads}});
        const Term ordered = permute(split, {2, 0, 3, 1, 4});
        Terms parts;
        for (int64_t i = 0; i < 3; ++i) parts.push_back(squeeze(slice(ordered, 0, i, i + 1), {0}));
        return parts;
    }

    /// What may not be looked at, as [rows or 1, 1 or heads, time or 1, time].
    std::optional<Term> closed() const {
        if (!op.given("mask")) return std::nullopt;
        // A mask of numbers, 0 and -inf, counts as one of bools.
        const Term mask = cast(op.term("mask"), at::kBool);
        const int64_t rank = op.input("mask").n_dims();
        const int64_t kind = op.given("mask_type") ? op.integer("mask_type") : 2;
        if (rank == 4) return mask;
        return kind == 1 ? unsqueeze(mask, {1, 2}) : unsqueeze(mask, {0, 1});
    }

    /// The answer [rows, time, features], and the weights [rows, heads, time, time].
    std::pair<Term, Term> answer(const Term& x) const {
        const Terms qkv = heads(x);
        const double scale = 1 / std::sqrt(static_cast<double>(n_features / n_heads));
        Term scores = matmul(qkv[0] * scale, flipped_matrices(qkv[1], 4));
        const auto mask = closed();
        if (mask) scores = where(*mask, number_like(scores, -kInfinity), scores);
        const Term weights = mask ? safe_softmax(scores) : apply("Softmax", {scores}, {{"axis", int64_t{-1}}});
        const Term joined = permute(matmul(weights, qkv[2]), {0, 2, 1, 3});
        const Term flat = apply_ints("Reshape", joined, {{0, 0, n_features}});
        return {matmul(flat, permute(op.term("proj_weight"), {1, 0})) + op.term("proj_bias"), weights};
    }
};

Names native_attention_form(TracedOperation& op) {
    const Term query = op.term("query");
    require(op.term("key").name == query.name && op.term("value").name == query.name,
            "its query, key and value are not the same tensor");
    const SelfAttention attention{op, op.integer("embed_dim"), op.integer("num_head")};
    const auto [answer, weights] = attention.answer(query);
    if (!op.flag_or("need_weights", true)) return {answer.name, ""};
    const bool averaged = op.flag_or("average_attn_weights", true);
    return {answer.name, averaged ? reduce_mean(weights, {1}, false).name : weights.name};
}

Term layer_normalized(TracedOperation& op, const Term& x, const char* weight, const char* bias) {
    return apply("LayerNormalization", {x, op.term(weight), op.term(bias)},
                 {{"axis", int64_t{-1}}, {"epsilon", op.number("eps")}});
}

Term feed_forward(TracedOperation& op, const Term& x) {
    const Term inner = matmul(x, permute(op.term("ffn_weight_1"), {1, 0})) + op.term("ffn_bias_1");
    const Term active =
        op.flag("use_gelu") ? 0.5 * inner * (1 + apply("Erf", {inner * M_SQRT1_2})) : apply("Relu", {inner});
    return matmul(active, permute(op.term("ffn_weight_2"), {1, 0})) + op.term("ffn_bias_2");
}

Term encoder_layer_form(TracedOperation& op) {
    const SelfAttention attention{op, op.integer("embed_dim"), op.integer("num_heads")};
    const auto norm_1 = [&](const Term& x) { return layer_normalized(op, x, "norm_weight_1", "norm_bias_1"); };
    const auto norm_2 = [&](const Term& x) { return layer_normalized(op, x, "norm_weight_2", "norm_bias_2"); };
    const Term x = op.term("src");
    if (op.flag("norm_first")) {
        const Term attended = x + attention.answer(norm_1(x)).first;
        return attended + feed_forward(op, norm_2(attended));
    }
    const Term attended = norm_1(x + attention.answer(x).first);
    return norm_2(attended + feed_forward(op, attended));
}

}  // namespace

OnnxForms attention_forms() {
    return {
        {"scaled_dot_product_attention", term_form(attention_form)},
        {"_native_multi_head_attention", native_attention_form},
        {"_transformer_encoder_layer_fwd", term_form(encoder_layer_form)},
    };
}

}  // namespace embark::onnx
