#include <algorithm>
#include <limits>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// Up to as many edges are compared with all values; more are searched in blocks of as many.
constexpr int64_t kBlock = 32;

/// How many edges along the last dimension lie before the value, where `edges` [..., n] and `values` [..., 1]
/// broadcast. NaN comes after all edges, as in PyTorch.
Term n_before(const Term& edges, const Term& values, bool right) {
    const Term after = right ? edges > values : edges >= values;
    return reduce_sum(cast(!after, at::kLong), {-1}, false);
}

/// The same for constant `edges` [columns, n] and `values` [columns, rows]: first among the last edges of blocks, then
/// among those of the block where they end.
Term n_before_sorted(const at::Tensor& edges, const Term& values, bool right) {
    Graph* graph = values.graph;
    const int64_t n_columns = edges.size(0), n_edges = edges.size(1);
    const Term each = unsqueeze(values, {-1});
    if (n_edges <= kBlock) {
        return n_before({graph, graph->constant(edges.unsqueeze(1)), values.type}, each, right);
    }
    const int64_t n_blocks = (n_edges + kBlock - 1) / kBlock;
    // The last block is filled up with edges that only NaN and infinity come after.
    const double infinity = std::numeric_limits<double>::infinity();
    const at::Tensor filled = at::constant_pad_nd(edges, {0, n_blocks * kBlock - n_edges}, infinity);
    const at::Tensor blocks = filled.reshape({n_columns * n_blocks, kBlock});
    const at::Tensor ends =
        filled.reshape({n_columns, n_blocks, kBlock}).select(2, kBlock - 1).narrow(1, 0, n_blocks - 1);
    const Term block = n_before_sorted(ends, values, right);
    const at::Tensor first_blocks = (at::arange(n_columns) * n_blocks).unsqueeze(1);
    const Term place = block + Term{graph, graph->constant(first_blocks), at::kLong};
    const Names names = {graph->constant(blocks), place.name};
    const Term edges_there{graph, graph->node("Gather", names, {{"axis", int64_t{0}}}), values.type};
    const Term found = block * static_cast<double>(kBlock) + n_before(edges_there, each, right);
    return minimum(found, number_like(found, static_cast<double>(n_edges)));
}

/// Both as float64 or, where no value can be lost, as they are.
at::ScalarType searching_type(at::ScalarType a, at::ScalarType b) {
    return computing_type(c10::promoteTypes(a, b));
}

Term found_places(TracedOperation& op, const std::string& edges_name, const std::string& values_name, bool right) {
    const TracedValue &edges = op.input(edges_name), &values = op.input(values_name);
    const at::ScalarType type = searching_type(edges.type(), values.type());
    const Term x = op.term(values_name, type);
    const bool in_blocks = !edges.in_graph() && at::isFloatingType(type) && values.n_dims() > 0;
    if (!in_blocks) {
        const Term all = op.term(edges_name, type);
        const Term places = n_before(edges.n_dims() == 1 ? all : unsqueeze(all, {-2}), unsqueeze(x, {-1}), right);
        return cast(places, op.type());
    }
    const int64_t n_edges = edges.size(-1);
    const at::Tensor rows = edges.example().to(type).reshape({-1, n_edges});
    const bool ascend = n_edges < 2 || (rows.slice(1, 1) >= rows.slice(1, 0, n_edges - 1)).all().item<bool>();
    require(ascend, "its edges do not ascend");
    const Term columns = reshape(x, {rows.size(0), -1});
    const Term places = n_before_sorted(rows, columns, right);
    return cast(op.as_result(places), op.type());
}

bool searches_right(TracedOperation& op) {
    if (op.given("side")) return op.text("side") == "right";
    return op.flag("right");
}

Term searchsorted_form(TracedOperation& op) {
    require(!op.given("sorter"), "with a sorter it has no ONNX form here");
    return found_places(op, "sorted_sequence", "self", searches_right(op));
}

Term bucketize_form(TracedOperation& op) {
    return found_places(op, "boundaries", "self", op.flag("right"));
}

}  // namespace

OnnxForms searching_forms() {
    return {
        {"searchsorted", term_form(searchsorted_form)},
        {"bucketize", term_form(bucketize_form)},
    };
}

}  // namespace embark::onnx
