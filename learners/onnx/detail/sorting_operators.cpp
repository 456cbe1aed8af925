#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// The `k` largest or smallest along a dimension, in order, and where they were.
Names ordered(TracedOperation& op, const Term& k, int64_t dim, bool largest) {
    const at::ScalarType type = op.input("self").type();
    const Term x = op.term("self", at::isFloatingType(type) ? type : at::kLong);
    const Attributes attributes = {{"axis", dim}, {"largest", int64_t{largest}}, {"sorted", int64_t{1}}};
    const Names found = x.graph->nodes("TopK", {x.name, k.name}, 2, attributes);
    return {cast({x.graph, found[0], x.type}, type).name, found[1]};
}

Names topk_form(TracedOperation& op) {
    return ordered(op, unsqueeze(op.term("k", at::kLong), {0}), op.dim("dim"), op.flag("largest"));
}

Names sorted_values_and_places(TracedOperation& op) {
    require(op.input("self").n_dims() > 0, "of a single number it has no ONNX form here");
    const int64_t dim = op.dim("dim");
    const Term size = unsqueeze(size_of(op.term("self"), dim), {0});
    return ordered(op, size, dim, op.flag_or("descending", false));
}

Names median_form(TracedOperation& op) {
    require(op.has("dim"), "without a dim it has no ONNX form here");
    const int64_t dim = op.dim("dim"), middle = (op.fixed_size("self", dim) + 1) / 2;
    const Term k{&op.graph(), op.graph().integers({middle}), at::kLong};
    const Names smallest = ordered(op, k, dim, false);
    const auto last = [&](const std::string& values, at::ScalarType type) {
        const Term found = slice({&op.graph(), values, type}, dim, -1, middle);
        return op.flag("keepdim") ? found.name : squeeze(found, {dim}).name;
    };
    return {last(smallest[0], op.type()), last(smallest[1], at::kLong)};
}

}  // namespace

OnnxForms sorting_forms() {
    return {
        {"topk", topk_form},
        {"sort", sorted_values_and_places},
        {"msort",
         [](TracedOperation& op) -> Names {
             return {ordered(op, unsqueeze(size_of(op.term("self"), 0), {0}), 0, false)[0]};
         }},
        {"argsort", [](TracedOperation& op) -> Names { return {sorted_values_and_places(op)[1]}; }},
        {"median", median_form},
    };
}

}  // namespace embark::onnx
