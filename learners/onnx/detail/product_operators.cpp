#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// a * x·w + b in one node, with w given as its transpose where that is how the module keeps it, so that the file has
/// it under its own name and once.
Term affine(TracedOperation& op, const Term& x, const std::string& weight, bool transposed, const std::string& bias) {
    TracedValue value = op.input(weight);
    if (!transposed && !value.in_graph() && value.example().t().is_contiguous()) {
        value.seen.front() = value.example().t();
        transposed = true;
    }
    const Term w = op.term(value);
    Attributes attributes = {{"transB", int64_t{transposed}}};
    if (op.has("alpha")) attributes.push_back({"alpha", op.number("alpha")});
    if (op.has("beta")) attributes.push_back({"beta", op.number("beta")});
    Terms inputs = {x, w};
    if (op.given(bias)) inputs.push_back(op.term(bias));
    return apply("Gemm", inputs, attributes);
}

Term linear_form(TracedOperation& op) {
    const TracedValue &input = op.input("input"), &weight = op.input("weight");
    if (input.n_dims() == 2 && weight.n_dims() == 2) return affine(op, op.term("input"), "weight", true, "bias");
    TracedValue flipped = weight;
    Term w;
    if (weight.n_dims() < 2) {
        w = op.term("weight");
    } else if (weight.in_graph()) {
        w = permute(op.term("weight"), {1, 0});
    } else {
        flipped.seen.front() = weight.example().t();
        w = op.term(flipped);
    }
    const Term product = matmul(op.term("input"), w);
    return op.given("bias") ? product + op.term("bias") : product;
}

/// beta * self + alpha * a·b. A node has these factors as float32.
Term scaled_sum(TracedOperation& op, const Term& product) {
    const double alpha = op.number_or("alpha", 1), beta = op.number_or("beta", 1);
    const Term scaled = alpha == 1 ? product : product * alpha;
    if (beta == 0) return scaled;
    const Term self = op.term("self", product.type);
    return scaled + (beta == 1 ? self : self * beta);
}

Term addmm_form(TracedOperation& op) {
    const bool is_float = at::isFloatingType(op.type());
    const bool plain = op.number_or("alpha", 1) == 1 && op.number_or("beta", 1) == 1;
    if (is_float && plain) return affine(op, op.term("mat1"), "mat2", false, "self");
    return scaled_sum(op, matmul(op.term("mat1"), op.term("mat2")));
}

OnnxForm matmul_form(const char* a, const char* b) {
    return term_form([a, b](TracedOperation& op) { return matmul(op.term(a), op.term(b)); });
}

OnnxForm added_product_form(const char* a, const char* b) {
    return term_form([a, b](TracedOperation& op) { return scaled_sum(op, matmul(op.term(a), op.term(b))); });
}

/// Products of sums over all dimensions that are left out. ONNX knows PyTorch's equations.
Term einsum_form(TracedOperation& op) {
    Terms terms = op.terms("tensors");
    for (Term& term : terms) term = cast(term, op.type());
    return apply("Einsum", terms, {{"equation", op.text("equation")}});
}

/// x1·W·x2 for each of the W of `weight` [out, in1, in2].
Term bilinear_form(TracedOperation& op) {
    const Term x1 = op.term("input1"), x2 = op.term("input2");
    const Term first = apply("Einsum", {x1, op.term("weight")}, {{"equation", std::string("...i,oij->...oj")}});
    const Term product = reduce_sum(first * unsqueeze(x2, {-2}), {op.result().n_dims()}, false);
    return op.given("bias") ? product + op.term("bias") : product;
}

Term outer_form(TracedOperation& op) {
    return unsqueeze(op.term("self", op.type()), {1}) * unsqueeze(op.term("vec2", op.type()), {0});
}

/// The sum of absolute differences' powers over the last dimension, for each pair of rows.
Term cdist_form(TracedOperation& op) {
    const double p = op.number("p");
    const Term difference = unsqueeze(op.term("x1"), {-2}) - unsqueeze(op.term("x2"), {-3});
    const int64_t last = op.result().n_dims();
    if (p == 1) return reduce_sum(abs(difference), {last}, false);
    require(p == 2, "with p other than 1 and 2 it has no ONNX form here");
    return sqrt(reduce_sum(difference * difference, {last}, false));
}

}  // namespace

OnnxForms product_forms() {
    return {
        {"linear", term_form(linear_form)},
        {"addmm", term_form(addmm_form)},
        {"matmul", matmul_form("self", "other")},
        {"mm", matmul_form("self", "mat2")},
        {"bmm", matmul_form("self", "mat2")},
        {"mv", matmul_form("self", "vec")},
        {"dot", matmul_form("self", "tensor")},
        {"inner", term_form([](TracedOperation& op) {
             require(op.input("other").n_dims() == 1,
                     "with more than one dimension it has no ONNX form here; use matmul");
             return matmul(op.term("self"), op.term("other"));
         })},
        {"baddbmm", added_product_form("batch1", "batch2")},
        {"addbmm", term_form([](TracedOperation& op) {
             return scaled_sum(op, reduce_sum(matmul(op.term("batch1"), op.term("batch2")), {0}, false));
         })},
        {"addmv", added_product_form("mat", "vec")},
        {"einsum", term_form(einsum_form)},
        {"bilinear", term_form(bilinear_form)},
        {"outer", term_form(outer_form)},
        {"ger", term_form(outer_form)},
        {"cdist", term_form(cdist_form)},
    };
}

}  // namespace embark::onnx
