#include <algorithm>
#include <limits>
#include <numeric>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();

Term gathered(const Term& x, const Term& index, int64_t dim) {
    return {x.graph, x.graph->node("Gather", {x.name, index.name}, {{"axis", dim}}), x.type};
}

Term select_form(TracedOperation& op) {
    if (const std::string& lengths = op.input("self").lengths; !lengths.empty() && op.integer("index") == 0) {
        // The first step of a packed sequence has all rows.
        return size_of({&op.graph(), lengths, at::kLong}, 0);
    }
    return gathered(op.term("self"), op.term("index", at::kLong), op.dim("dim"));
}

Term index_select_form(TracedOperation& op) {
    return gathered(op.term("self"), op.term("index", at::kLong), op.dim("dim"));
}

/// `take` takes from all elements in one row.
Term take_form(TracedOperation& op) {
    return gathered(reshape(op.term("self"), {-1}), op.term("index", at::kLong), 0);
}

Term gather_form(TracedOperation& op) {
    const Term x = op.term("self"), index = op.term("index", at::kLong);
    return {x.graph, x.graph->node("GatherElements", {x.name, index.name}, {{"axis", op.dim("dim")}}), x.type};
}

Term take_along_dim_form(TracedOperation& op) {
    require(op.given("dim"), "without a dim it has no ONNX form here");
    const Term x = op.term("self"), index = op.term("indices", at::kLong);
    require(op.input("self").n_dims() == op.input("indices").n_dims(), "it broadcasts its indices");
    return {x.graph, x.graph->node("GatherElements", {x.name, index.name}, {{"axis", op.dim("dim")}}), x.type};
}

/// A number as a 1-d tensor of the graph.
Term one_integer(TracedOperation& op, const std::string& argument, int64_t otherwise) {
    if (op.given(argument)) return unsqueeze(op.term(argument, at::kLong), {0});
    return {&op.graph(), op.graph().integers({otherwise}), at::kLong};
}

Term slice_form(TracedOperation& op) {
    const Term x = op.term("self");
    const Term begin = one_integer(op, "start", 0), end = one_integer(op, "end", kToTheEnd);
    const bool fixed = !op.input("start").in_graph() && !op.input("end").in_graph();
    const int64_t step = op.integer("step");
    const auto is = [&](const char* argument, int64_t value) {
        return !op.given(argument) || op.integer(argument) == value;
    };
    if (fixed && step == 1 && is("start", 0) && is("end", kToTheEnd)) return x;
    const std::string dim = x.graph->integers({op.dim("dim")}), steps = x.graph->integers({step});
    return {x.graph, x.graph->node("Slice", {x.name, begin.name, end.name, dim, steps}), x.type};
}

Term narrow_form(TracedOperation& op) {
    const Term x = op.term("self"), start = op.term("start", at::kLong);
    Term begin = unsqueeze(start, {0});
    const Term length = unsqueeze(op.term("length", at::kLong), {0});
    require(op.input("start").in_graph() || op.integer("start") >= 0, "it starts from the end");
    const std::string dim = x.graph->integers({op.dim("dim")});
    return {x.graph, x.graph->node("Slice", {x.name, begin.name, (begin + length).name, dim}), x.type};
}

Term flip_form(TracedOperation& op) {
    const std::vector<int64_t> dims = op.dims("dims");
    const std::vector<int64_t> backwards(dims.size(), -1);
    const std::vector<int64_t> ends(dims.size(), std::numeric_limits<int64_t>::min());
    return apply_ints("Slice", op.term("self"), {backwards, ends, dims, backwards});
}

Term roll_form(TracedOperation& op) {
    const std::vector<int64_t> shifts = op.integers("shifts");
    std::vector<int64_t> dims = op.integers("dims");
    Term x = op.term("self");
    if (dims.empty()) {
        require(op.input("self").n_dims() == 1, "without dims it rolls all elements as one row");
        dims = {0};
    }
    for (size_t i = 0; i < dims.size(); ++i) {
        const int64_t dim = from_front(dims[i], op.result().n_dims()), size = op.fixed_size("self", dim);
        const int64_t shift = size == 0 ? 0 : (shifts[i] % size + size) % size;
        if (shift == 0) continue;
        x = concat_terms({slice(x, dim, size - shift, size), slice(x, dim, 0, size - shift)}, dim);
    }
    return x;
}

Term triangle(TracedOperation& op, bool upper) {
    const at::ScalarType type = computing_type(op.type());
    const Term x = op.term("self", type == at::kInt ? at::kLong : type);
    const Term diagonal = op.term("diagonal", at::kLong);
    const Names names = {x.name, diagonal.name};
    const std::string name = x.graph->node("Trilu", names, {{"upper", int64_t{upper}}});
    return cast({x.graph, name, x.type}, op.type());
}

/// self[:, i, j]: several indices, of neighbouring dimensions or not, are one index of a GatherND.
Term several_indexed(TracedOperation& op, const std::vector<int64_t>& dims, const Terms& indices) {
    const int64_t rank = op.input("self").n_dims();
    const auto n_dims = static_cast<int64_t>(dims.size());
    std::vector<int64_t> order = dims;
    for (int64_t dim = 0; dim < rank; ++dim) {
        if (std::find(dims.begin(), dims.end(), dim) == dims.end()) order.push_back(dim);
    }
    // Indices broadcast as the operands of a sum do.
    Term sum = indices.front();
    for (size_t i = 1; i < indices.size(); ++i) sum = sum + indices[i];
    const Term shape = shape_of(sum);
    Terms columns;
    for (const Term& index : indices) columns.push_back(unsqueeze(expand(index, shape), {-1}));
    const Term x = permute(op.term("self"), order), index = concat_terms(columns, -1);
    const Term taken{x.graph, x.graph->node("GatherND", {x.name, index.name}), x.type};
    const bool neighbours = dims.back() - dims.front() + 1 == n_dims;
    const int64_t before = dims.front(), index_rank = op.result().n_dims() - (rank - n_dims);
    if (!neighbours || before == 0) return taken;
    // The indices' dimensions stand first, and belong where the first indexed dimension was.
    std::vector<int64_t> back;
    for (int64_t dim = 0; dim < before; ++dim) back.push_back(index_rank + dim);
    for (int64_t dim = 0; dim < index_rank; ++dim) back.push_back(dim);
    for (int64_t dim = index_rank + before; dim < op.result().n_dims(); ++dim) back.push_back(dim);
    return permute(taken, back);
}

Term index_form(TracedOperation& op) {
    const TracedValue& list = op.input("indices");
    std::vector<int64_t> dims;
    Terms indices;
    for (size_t dim = 0; dim < list.elements.size(); ++dim) {
        const TracedValue& index = list.elements[dim];
        if (index.is_none()) continue;
        require(index.type() != at::kBool && index.type() != at::kByte,
                "a mask leaves as many elements as follow from the batch; use where or masked_fill");
        dims.push_back(static_cast<int64_t>(dim));
        indices.push_back(cast(op.term(index), at::kLong));
    }
    if (dims.size() == 1) return gathered(op.term("self"), indices.front(), dims.front());
    return several_indexed(op, dims, indices);
}

Term scattered(TracedOperation& op, const char* reduction) {
    const Term x = op.term("self"), index = op.term("index", at::kLong);
    require(!op.given("reduce"), "with a 'reduce' it has no ONNX form here");
    require(op.input("index").sizes() == op.input(op.has("src") ? "src" : "index").sizes(),
            "its index has another shape than its source");
    const Term source = op.has("src") ? op.term("src", x.type) : expand(op.term("value", x.type), shape_of(index));
    const Attributes attributes = {{"axis", op.dim("dim")}, {"reduction", std::string(reduction)}};
    return {x.graph, x.graph->node("ScatterElements", {x.name, index.name, source.name}, attributes), x.type};
}

Term one_hot_form(TracedOperation& op) {
    const int64_t n_classes = op.integer("num_classes");
    require(n_classes > 0, "without a number of classes, its result has as many columns as follow from the batch");
    const Term x = unsqueeze(op.term("self"), {-1});
    const Term classes{x.graph, x.graph->constant(at::arange(n_classes)), at::kLong};
    return cast(x == classes, at::kLong);
}

}  // namespace

OnnxForms indexing_forms() {
    return {
        {"select", term_form(select_form)},
        {"index_select", term_form(index_select_form)},
        {"take", term_form(take_form)},
        {"gather", term_form(gather_form)},
        {"take_along_dim", term_form(take_along_dim_form)},
        {"slice", term_form(slice_form)},
        {"narrow", term_form(narrow_form)},
        {"flip", term_form(flip_form)},
        {"roll", term_form(roll_form)},
        {"tril", term_form([](TracedOperation& op) { return triangle(op, false); })},
        {"triu", term_form([](TracedOperation& op) { return triangle(op, true); })},
        {"index", term_form(index_form)},
        {"scatter", term_form([](TracedOperation& op) { return scattered(op, "none"); })},
        {"scatter_add", term_form([](TracedOperation& op) { return scattered(op, "add"); })},
        {"one_hot", term_form(one_hot_form)},
    };
}

}  // namespace embark::onnx
