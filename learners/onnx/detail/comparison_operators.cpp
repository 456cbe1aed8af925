#include <cmath>
#include <limits>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

Term compared(TracedOperation& op, Term (*compare)(const Term&, const Term&)) {
    const auto [a, b] = op.operands();
    return cast(compare(a, b), op.type());
}

Term unequal(const Term& a, const Term& b) {
    return !(a == b);
}

/// ONNX Runtime 1.15 compares bools for equality and nothing else that is not a number: as integers all are the same.
OnnxForm comparison_form(Term (*compare)(const Term&, const Term&)) {
    return term_form([compare](TracedOperation& op) { return compared(op, compare); });
}

Term as_bool(const Term& x) {
    return cast(x, at::kBool);
}

/// Operators on truth values; whatever is not 0 is true.
OnnxForm logical_form(const char* node) {
    return term_form(
        [node](TracedOperation& op) { return apply(node, {as_bool(op.term("self")), as_bool(op.term("other"))}); });
}

/// Operators on bits, of which only those of bool exist in ONNX's opset 17.
OnnxForm bool_form(const char* node) {
    return term_form([node](TracedOperation& op) {
        require(op.type() == at::kBool, "on numbers it has no ONNX form, only on bools");
        return apply(node, {op.term("self"), op.term("other")});
    });
}

Term where_form(TracedOperation& op) {
    require(op.given("self") && op.given("other"), "without values it gives as many indices as follow from the batch");
    const Term condition = as_bool(op.term("condition"));
    return where(condition, op.term("self", op.type()), op.term("other", op.type()));
}

Term masked_fill_form(TracedOperation& op) {
    return where(op.term("mask"), op.term("value", op.type()), op.term("self"));
}

/// PyTorch's limits are NaN where the number is; ONNX Runtime's Max and Min are, too.
Term limited_form(TracedOperation& op) {
    const at::ScalarType type = computing_type(op.type());
    Term x = op.term("self", type);
    const bool hardtanh = op.has("min_val");
    const char *lower = hardtanh ? "min_val" : "min", *upper = hardtanh ? "max_val" : "max";
    if (op.given(lower)) x = maximum(x, op.term(lower, type));
    if (op.given(upper)) x = minimum(x, op.term(upper, type));
    return cast(x, op.type());
}

OnnxForm extreme_form(Term (*extreme)(const Term&, const Term&)) {
    return term_form([extreme](TracedOperation& op) {
        const auto [a, b] = op.operands();
        return cast(extreme(a, b), op.type());
    });
}

Term is_nan(const Term& x) {
    return at::isFloatingType(x.type) ? apply_bool("IsNaN", {x}) : !(x == x);
}

Term is_inf(const Term& x) {
    return at::isFloatingType(x.type) ? apply_bool("IsInf", {x}) : !(x == x);
}

Term computed_self(TracedOperation& op) {
    return op.term("self", computing_type(op.input("self").type()));
}

Term nan_to_num_form(TracedOperation& op) {
    const Term x = op.term("self");
    if (!at::isFloatingType(x.type)) return x;
    const bool wide = x.type == at::kDouble;
    const double largest = wide ? std::numeric_limits<double>::max() : std::numeric_limits<float>::max();
    const double infinity = std::numeric_limits<double>::infinity();
    const Term plain = where(is_nan(x), number_like(x, op.number_or("nan", 0)), x);
    const Term below = where(x == infinity, number_like(x, op.number_or("posinf", largest)), plain);
    return where(x == -infinity, number_like(x, op.number_or("neginf", -largest)), below);
}

}  // namespace

OnnxForms comparison_forms() {
    return {
        {"eq", comparison_form([](const Term& a, const Term& b) { return a == b; })},
        {"ne", comparison_form(unequal)},
        {"lt", comparison_form([](const Term& a, const Term& b) { return a < b; })},
        {"le", comparison_form([](const Term& a, const Term& b) { return a <= b; })},
        {"gt", comparison_form([](const Term& a, const Term& b) { return a > b; })},
        {"ge", comparison_form([](const Term& a, const Term& b) { return a >= b; })},
        {"logical_and", logical_form("And")},
        {"logical_or", logical_form("Or")},
        {"logical_xor", logical_form("Xor")},
        {"logical_not", term_form([](TracedOperation& op) { return !as_bool(op.term("self")); })},
        {"bitwise_and", bool_form("And")},
        {"bitwise_or", bool_form("Or")},
        {"bitwise_xor", bool_form("Xor")},
        {"__and__", bool_form("And")},
        {"__or__", bool_form("Or")},
        {"__xor__", bool_form("Xor")},
        {"bitwise_not", term_form([](TracedOperation& op) {
             require(op.type() == at::kBool, "on numbers it has no ONNX form, only on bools");
             return !op.term("self");
         })},
        {"where", term_form(where_form)},
        {"masked_fill", term_form(masked_fill_form)},
        {"clamp", term_form(limited_form)},
        {"clip", term_form(limited_form)},
        {"clamp_min", term_form(limited_form)},
        {"clamp_max", term_form(limited_form)},
        {"hardtanh", term_form(limited_form)},
        {"maximum", extreme_form(maximum)},
        {"minimum", extreme_form(minimum)},
        {"fmax", extreme_form([](const Term& a, const Term& b) {
             return where(is_nan(a), b, where(is_nan(b), a, maximum(a, b)));
         })},
        {"fmin", extreme_form([](const Term& a, const Term& b) {
             return where(is_nan(a), b, where(is_nan(b), a, minimum(a, b)));
         })},
        {"isnan", term_form([](TracedOperation& op) { return is_nan(computed_self(op)); })},
        {"isinf", term_form([](TracedOperation& op) { return is_inf(computed_self(op)); })},
        {"isfinite", term_form([](TracedOperation& op) {
             const Term x = computed_self(op);
             return !(is_nan(x) || is_inf(x));
         })},
        {"nan_to_num", term_form(nan_to_num_form)},
    };
}

OnnxForms rounding_forms() {
    // Integers are whole already.
    const auto rounding = [](const char* node) {
        return term_form([node](TracedOperation& op) {
            const Term x = op.term("self");
            return at::isFloatingType(x.type) ? cast(apply(node, {cast(x, computing_type(x.type))}), x.type) : x;
        });
    };
    return {
        {"floor", rounding("Floor")},
        {"ceil", rounding("Ceil")},
        {"round", term_form([](TracedOperation& op) {
             const double scale = op.given("decimals") ? std::pow(10.0, op.integer("decimals")) : 1;
             const Term x = op.term("self");
             if (!at::isFloatingType(x.type)) return x;
             return scale == 1 ? apply("Round", {x}) : apply("Round", {x * scale}) / scale;
         })},
        {"trunc", term_form([](TracedOperation& op) {
             const Term x = op.term("self");
             if (!at::isFloatingType(x.type)) return x;
             return where(x < 0, apply("Ceil", {x}), apply("Floor", {x}));
         })},
        {"frac", term_form([](TracedOperation& op) {
             const Term x = op.term("self");
             return x - where(x < 0, apply("Ceil", {x}), apply("Floor", {x}));
         })},
    };
}

}  // namespace embark::onnx
