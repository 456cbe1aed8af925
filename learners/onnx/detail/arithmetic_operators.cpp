#include <cmath>
#include <utility>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// `other` times `alpha`, for add, sub and rsub.
Term times_alpha(TracedOperation& op, const Term& other) {
    if (!op.given("alpha")) return other;
    if (!op.input("alpha").in_graph() && op.number("alpha") == 1) return other;
    return other * op.term("alpha", other.type);
}

Term sum_form(TracedOperation& op) {
    const auto [a, b] = op.operands();
    return cast(a + times_alpha(op, b), op.type());
}

Term difference_form(TracedOperation& op) {
    const auto [a, b] = op.operands();
    return cast(a - times_alpha(op, b), op.type());
}

Term reversed_difference_form(TracedOperation& op) {
    const auto [a, b] = op.operands();
    return cast(b - times_alpha(op, a), op.type());
}

Term elementwise_product_form(TracedOperation& op) {
    const auto [a, b] = op.operands();
    return cast(a * b, op.type());
}

Term float_modulo(const Term& a, const Term& b) {
    return apply("Mod", {a, b}, {{"fmod", int64_t{1}}});
}

/// Where what is left of a / b has another sign than b, though it is not 0.
Term other_sign(const Term& left, const Term& b) {
    return !(left == 0) && apply("Xor", {left < 0, b < 0});
}

/// The quotient rounded down, as PyTorch computes it: from what is left, since a quotient just below an integer may
/// round up to it.
Term floored_quotient(const Term& a, const Term& b) {
    if (!at::isFloatingType(a.type)) return (a - apply("Mod", {a, b})) / b;
    const Term left = float_modulo(a, b), nearly = (a - left) / b;
    const Term quotient = where(other_sign(left, b), nearly - 1, nearly);
    const Term floor = apply("Floor", {quotient});
    return where(b == 0, a / b, where(quotient - floor > 0.5, floor + 1, floor));
}

Term truncated_quotient(const Term& a, const Term& b) {
    if (!at::isFloatingType(a.type)) return a / b;
    const Term quotient = a / b;
    return where(quotient < 0, apply("Ceil", {quotient}), apply("Floor", {quotient}));
}

Term quotient_form(TracedOperation& op) {
    if (op.given("rounding_mode")) {
        const auto [a, b] = op.operands();
        return cast(op.text("rounding_mode") == "floor" ? floored_quotient(a, b) : truncated_quotient(a, b), op.type());
    }
    const std::string a = op.has("self") ? "self" : "a", b = op.has("other") ? "other" : "b";
    at::ScalarType type = promoted_type(op.input(a), op.input(b));
    if (at::isIntegralType(type, /*includeBool=*/true)) type = op.type();
    type = computing_type(type);
    return cast(op.term(a, type) / op.term(b, type), op.type());
}

Term floored_quotient_form(TracedOperation& op) {
    const auto [a, b] = op.operands();
    return cast(floored_quotient(a, b), op.type());
}

Term remainder_form(TracedOperation& op) {
    const auto [a, b] = op.operands();
    if (!at::isFloatingType(a.type)) return cast(apply("Mod", {a, b}), op.type());
    const Term left = float_modulo(a, b);
    return cast(where(other_sign(left, b), left + b, left), op.type());
}

Term fmod_form(TracedOperation& op) {
    const auto [a, b] = op.operands();
    return cast(float_modulo(a, b), op.type());
}

Term power_form(TracedOperation& op) {
    const auto [a, b] = op.operands("self", "exponent");
    return cast(apply("Pow", {a, b}), op.type());
}

/// self + value * a * b, and self + value * a / b.
Term addc_form(TracedOperation& op, bool divided) {
    const at::ScalarType type = computing_type(op.type());
    const Term a = op.term("tensor1", type), b = op.term("tensor2", type);
    const Term change = divided ? a / b : a * b;
    return cast(op.term("self", type) + op.term("value", type) * change, op.type());
}

/// From the nearer end, as PyTorch does.
Term lerp_form(TracedOperation& op) {
    const at::ScalarType type = computing_type(op.type());
    const Term a = op.term("self", type), b = op.term("end", type), weight = op.term("weight", type);
    const Term near = a + weight * (b - a), far = b - (b - a) * (1 - weight);
    return cast(where(abs(weight) < 0.5, near, far), op.type());
}

/// Functions of one number that have a node.
OnnxForm function_form(const char* node) {
    return term_form([node](TracedOperation& op) {
        return cast(apply(node, {op.term("self", computing_type(op.type()))}), op.type());
    });
}

/// Functions of one number that are written with others. PyTorch gives a float for an integer.
OnnxForm formula_form(Term (*formula)(const Term&)) {
    return term_form([formula](TracedOperation& op) {
        return cast(formula(op.term("self", computing_type(op.type()))), op.type());
    });
}

Term sine_half_squared(const Term& x) {
    const Term sine = apply("Sin", {x * 0.5});
    return sine * sine;
}

// Where ONNX Runtime has no node for float64, identities that hold to its last digits.
Term cosine(const Term& x) {
    return x.type == at::kDouble ? 1 - 2 * sine_half_squared(x) : apply("Cos", {x});
}

Term tangent(const Term& x) {
    return x.type == at::kDouble ? apply("Sin", {x}) / cosine(x) : apply("Tan", {x});
}

Term hyperbolic_sine(const Term& x) {
    if (x.type != at::kDouble) return apply("Sinh", {x});
    const Term e = expm1(abs(x));
    return 0.5 * apply("Sign", {x}) * (e + e / (e + 1));
}

Term hyperbolic_cosine(const Term& x) {
    return x.type == at::kDouble ? 0.5 * (exp(x) + exp(-x)) : apply("Cosh", {x});
}

/// PyTorch's sign of NaN is 0.
Term sign_of(const Term& x) {
    return cast(x > 0, x.type) - cast(x < 0, x.type);
}

OnnxForms function_forms() {
    OnnxForms forms;
    for (const auto& [name, node] : {std::pair{"neg", "Neg"},
                                     {"abs", "Abs"},
                                     {"exp", "Exp"},
                                     {"log", "Log"},
                                     {"sqrt", "Sqrt"},
                                     {"sin", "Sin"},
                                     {"asin", "Asin"},
                                     {"arcsin", "Asin"},
                                     {"acos", "Acos"},
                                     {"arccos", "Acos"},
                                     {"atan", "Atan"},
                                     {"arctan", "Atan"},
                                     {"erf", "Erf"},
                                     {"reciprocal", "Reciprocal"}}) {
        forms[name] = function_form(node);
    }
    return forms;
}

}  // namespace

OnnxForms arithmetic_forms() {
    OnnxForms forms = {
        {"add", term_form(sum_form)},
        {"sub", term_form(difference_form)},
        {"subtract", term_form(difference_form)},
        {"rsub", term_form(reversed_difference_form)},
        {"mul", term_form(elementwise_product_form)},
        {"multiply", term_form(elementwise_product_form)},
        {"div", term_form(quotient_form)},
        {"divide", term_form(quotient_form)},
        {"true_divide", term_form(quotient_form)},
        {"floor_divide", term_form(floored_quotient_form)},
        {"floordiv", term_form(floored_quotient_form)},
        {"remainder", term_form(remainder_form)},
        {"fmod", term_form(fmod_form)},
        {"pow", term_form(power_form)},
        {"addcmul", term_form([](TracedOperation& op) { return addc_form(op, false); })},
        {"addcdiv", term_form([](TracedOperation& op) { return addc_form(op, true); })},
        {"lerp", term_form(lerp_form)},
        {"sign", formula_form(sign_of)},
        {"sgn", formula_form(sign_of)},
        {"log1p", formula_form(log1p)},
        {"expm1", formula_form(expm1)},
        {"cos", formula_form(cosine)},
        {"tan", formula_form(tangent)},
        {"sinh", formula_form(hyperbolic_sine)},
        {"cosh", formula_form(hyperbolic_cosine)},
        {"log2", formula_form([](const Term& x) { return log(x) / std::log(2.0); })},
        {"log10", formula_form([](const Term& x) { return log(x) / std::log(10.0); })},
        {"exp2", formula_form([](const Term& x) { return apply("Pow", {number_like(x, 2), x}); })},
        {"rsqrt", formula_form([](const Term& x) { return 1 / sqrt(x); })},
        {"square", formula_form([](const Term& x) { return x * x; })},
        {"erfc", formula_form([](const Term& x) { return 1 - apply("Erf", {x}); })},
        {"logit", term_form([](TracedOperation& op) {
             Term x = op.term("self", computing_type(op.type()));
             if (op.given("eps")) {
                 const double eps = op.number("eps");
                 x = minimum(maximum(x, number_like(x, eps)), number_like(x, 1 - eps));
             }
             return cast(log(x / (1 - x)), op.type());
         })},
    };
    forms.merge(function_forms());
    return forms;
}

}  // namespace embark::onnx
