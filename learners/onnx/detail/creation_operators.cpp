#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// `value` in a shape, or as a constant where the result has the same for every batch.
Term filled(TracedOperation& op, const Term& value, const Term& shape) {
    return expand(cast(value, op.type()), shape);
}

Term scalar_of(TracedOperation& op, double value) {
    return number_like({&op.graph(), "", op.type()}, value);
}

OnnxForm filled_like_form(double value) {
    return term_form(
        [value](TracedOperation& op) { return filled(op, scalar_of(op, value), shape_of(op.term("self"))); });
}

OnnxForm filled_form(double value) {
    return term_form([value](TracedOperation& op) { return filled(op, scalar_of(op, value), op.shape("size")); });
}

Term full_like_form(TracedOperation& op) {
    return filled(op, op.term("fill_value", op.type()), shape_of(op.term("self")));
}

Term fill_form(TracedOperation& op) {
    return filled(op, op.term("value", op.type()), shape_of(op.term("self")));
}

Term full_form(TracedOperation& op) {
    return filled(op, op.term("fill_value", op.type()), op.shape("size"));
}

Term arange_form(TracedOperation& op) {
    const at::ScalarType type = op.type() == at::kInt ? at::kInt : computing_type(op.type());
    const Term zero = number_like({&op.graph(), "", type}, 0), one = number_like({&op.graph(), "", type}, 1);
    const Term begin = op.has("start") ? op.term("start", type) : zero;
    const Term step = op.has("step") ? op.term("step", type) : one;
    return cast(apply("Range", {begin, op.term("end", type), step}), op.type());
}

}  // namespace

OnnxForms creation_forms() {
    OnnxForms forms = {
        {"full_like", term_form(full_like_form)}, {"fill", term_form(fill_form)},     {"full", term_form(full_form)},
        {"new_full", term_form(full_form)},       {"arange", term_form(arange_form)}, {"zero", filled_like_form(0)},
        {"zeros_like", filled_like_form(0)},      {"ones_like", filled_like_form(1)},
    };
    // What is not initialised may be anything, so 0.
    for (const char* name : {"zeros", "new_zeros", "empty", "new_empty"}) forms[name] = filled_form(0);
    for (const char* name : {"ones", "new_ones"}) forms[name] = filled_form(1);
    forms["empty_like"] = filled_like_form(0);
    return forms;
}

}  // namespace embark::onnx
