#include <cmath>
#include <limits>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

Term activated(TracedOperation& op) {
    return op.term("self", computing_type(op.type()));
}

/// log(1 + exp(x)) without overflow. ONNX Runtime's own has no float64.
Term softplus(const Term& x) {
    if (x.type == at::kFloat) return apply("Softplus", {x});
    return maximum(x, number_like(x, 0)) + log1p(exp(-abs(x)));
}

Term softplus_form(TracedOperation& op) {
    const Term x = activated(op);
    const double beta = op.number("beta");
    const Term scaled = beta == 1 ? x : x * beta;
    const Term soft = beta == 1 ? softplus(scaled) : softplus(scaled) / beta;
    return where(scaled > op.number("threshold"), x, soft);
}

/// scale * x above 0 and scale * alpha * (exp(x * input_scale) - 1) below.
Term exponential_unit(const Term& x, double alpha, double scale, double input_scale) {
    const Term below = expm1(minimum(x, number_like(x, 0)) * input_scale) * (alpha * scale);
    return where(x > 0, scale == 1 ? x : x * scale, below);
}

Term elu_form(TracedOperation& op) {
    const double alpha = op.number("alpha"), scale = op.number_or("scale", 1), input = op.number_or("input_scale", 1);
    const Term x = activated(op);
    if (x.type == at::kFloat && scale == 1 && input == 1) return apply("Elu", {x}, {{"alpha", alpha}});
    return exponential_unit(x, alpha, scale, input);
}

Term gelu_form(TracedOperation& op) {
    const Term x = activated(op);
    if (op.has("approximate") && op.text("approximate") == "tanh") {
        return 0.5 * x * (1 + tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * (x * x * x))));
    }
    return 0.5 * x * (1 + apply("Erf", {x * M_SQRT1_2}));
}

Term hard_sigmoid(const Term& x) {
    return maximum(minimum(x + 3, number_like(x, 6)), number_like(x, 0)) / 6;
}

/// x * sigmoid(x). ONNX Runtime 1.15 makes one node of that, also of float64, for which it has none.
Term swish(const Term& x) {
    return x.type == at::kDouble ? x / (1 + exp(-x)) : x * sigmoid(x);
}

/// As many slopes as there are channels, along dimension 1, or one.
Term prelu_form(TracedOperation& op) {
    const Term x = op.term("self");
    Term slope = op.term("weight");
    std::vector<int64_t> shape(static_cast<size_t>(op.result().n_dims()), 1);
    if (op.input("weight").numel() != 1 && shape.size() > 1) shape[1] = -1;
    if (shape.size() > 1) slope = reshape(slope, shape);
    return apply("PRelu", {x, slope});
}

/// One half of the channels, gated by the other.
Term glu_form(TracedOperation& op) {
    const Term x = op.term("self");
    const int64_t dim = op.dim("dim"), size = op.fixed_size("self", dim);
    return slice(x, dim, 0, size / 2) * sigmoid(slice(x, dim, size / 2, size));
}

Term softmax_form(TracedOperation& op) {
    const Term x = op.term("self", op.type());
    if (op.result().n_dims() == 0) return number_like(x, 1);
    return apply("Softmax", {x}, {{"axis", op.dim("dim")}});
}

Term log_softmax_form(TracedOperation& op) {
    const Term x = op.term("self", op.type());
    if (op.result().n_dims() == 0) return number_like(x, 0);
    return apply("LogSoftmax", {x}, {{"axis", op.dim("dim")}});
}

Term shrunk(TracedOperation& op, double taken) {
    const Term x = op.term("self");
    const double limit = op.number("lambd");
    return where(x > limit, taken == 0 ? x : x - taken, where(x < -limit, taken == 0 ? x : x + taken, x * 0));
}

OnnxForm activation_form(Term (*formula)(const Term&)) {
    return term_form([formula](TracedOperation& op) { return cast(formula(activated(op)), op.type()); });
}

/// Of a rectifier, PyTorch's NaN and ONNX Runtime's are both NaN.
Term rectified(const Term& x) {
    return at::isFloatingType(x.type) ? apply("Relu", {x}) : maximum(x, number_like(x, 0));
}

}  // namespace

OnnxForms activation_forms() {
    constexpr double kSeluAlpha = 1.6732632423543772848170429916717, kSeluScale = 1.0507009873554804934193349852946;
    return {
        {"relu", activation_form(rectified)},
        {"relu6", activation_form([](const Term& x) { return minimum(rectified(x), number_like(x, 6)); })},
        {"sigmoid", activation_form(sigmoid)},
        {"tanh", activation_form(tanh)},
        {"silu", activation_form(swish)},
        {"mish", activation_form([](const Term& x) { return x * tanh(softplus(x)); })},
        {"hardsigmoid", activation_form(hard_sigmoid)},
        {"hardswish", activation_form([](const Term& x) { return x * hard_sigmoid(x); })},
        {"log_sigmoid", activation_form([](const Term& x) { return -softplus(-x); })},
        {"softsign", activation_form([](const Term& x) { return x / (1 + abs(x)); })},
        {"selu", activation_form([](const Term& x) { return exponential_unit(x, kSeluAlpha, kSeluScale, 1); })},
        {"celu", term_form([](TracedOperation& op) {
             const double alpha = op.number("alpha");
             return exponential_unit(activated(op), alpha, 1, 1 / alpha);
         })},
        {"elu", term_form(elu_form)},
        {"gelu", term_form(gelu_form)},
        {"softplus", term_form(softplus_form)},
        {"leaky_relu", term_form([](TracedOperation& op) {
             const Term x = activated(op);
             const double slope = op.number("negative_slope");
             // An attribute has no more digits than float32.
             return x.type == at::kFloat ? apply("LeakyRelu", {x}, {{"alpha", slope}}) : where(x > 0, x, x * slope);
         })},
        {"threshold", term_form([](TracedOperation& op) {
             const Term x = op.term("self");
             return where(x <= number_like(x, op.number("threshold")), op.term("value", x.type), x);
         })},
        {"hardshrink", term_form([](TracedOperation& op) { return shrunk(op, 0); })},
        {"softshrink", term_form([](TracedOperation& op) { return shrunk(op, op.number("lambd")); })},
        {"prelu", term_form(prelu_form)},
        {"glu", term_form(glu_form)},
        {"softmax", term_form(softmax_form)},
        {"_softmax", term_form(softmax_form)},
        {"log_softmax", term_form(log_softmax_form)},
        {"_log_softmax", term_form(log_softmax_form)},
    };
}

}  // namespace embark::onnx
