#include <cmath>
#include <optional>

#include "../../../core/error.h"
#include "operators.h"
#include "reductions.h"

namespace embark::onnx {

namespace {

using ReduceForm = Term (*)(const Term&, const std::vector<int64_t>&, bool);

/// Sums and means compute in the type of their result, extremes in that of their argument.
OnnxForm reduced_form(ReduceForm reduce) {
    return term_form([reduce](TracedOperation& op) {
        const Term x = op.term("self", computing_type(op.type()));
        return cast(reduce(x, op.dims("dim"), op.flag_or("keepdim", false)), op.type());
    });
}

Term product_of(const Term& x, const std::vector<int64_t>& dims, bool keep) {
    if (dims.empty()) return x;
    return apply("ReduceProd", {x}, {{"axes", dims}, {"keepdims", int64_t{keep}}});
}

Term count_nonzero(const Term& x, const std::vector<int64_t>& dims, bool keep) {
    return reduce_sum(cast(cast(x, at::kBool), at::kLong), dims, keep);
}

/// Whether any element, or all elements, are other than 0.
OnnxForm truth_form(bool all) {
    return term_form([all](TracedOperation& op) {
        const Term x = cast(cast(op.term("self"), at::kBool), at::kLong);
        const auto reduce = all ? reduce_min : reduce_max;
        return cast(reduce(x, op.dims("dim"), op.flag_or("keepdim", false)), op.type());
    });
}

/// The place of the largest or smallest element, along `dim` or among all elements as one row.
Term place_of_extreme(TracedOperation& op, bool largest) {
    const at::ScalarType type = op.input("self").type();
    // ONNX Runtime 1.15 finds places among floating point numbers alone; int32 and smaller are exact in float64.
    require(type != at::kLong, "on int64 it has no ONNX form here; use int32 or floating point numbers");
    const Term x = op.term("self", at::isFloatingType(type) ? type : at::kDouble);
    const bool flat = !op.given("dim"), keep = op.flag_or("keepdim", false);
    if (op.input("self").n_dims() == 0) return expand(number_like({x.graph, "", at::kLong}, 0), shape_of(x));
    const int64_t dim = flat ? 0 : op.dim("dim");
    const Attributes attributes = {{"axis", dim}, {"keepdims", int64_t{keep && !flat}}};
    const Names names = {flat ? reshape(x, {-1}).name : x.name};
    const Term place{x.graph, x.graph->node(largest ? "ArgMax" : "ArgMin", names, attributes), at::kLong};
    if (!flat || !keep) return place;
    return reshape(place, std::vector<int64_t>(static_cast<size_t>(op.input("self").n_dims()), 1));
}

/// max and min: of two tensors, of all elements, or of a dimension with the places too.
Names extreme_form_of(TracedOperation& op, bool largest) {
    if (op.has("other")) {
        const auto [a, b] = op.operands();
        return {cast(largest ? maximum(a, b) : minimum(a, b), op.type()).name};
    }
    const Term x = op.term("self", computing_type(op.type()));
    const bool keep = op.flag_or("keepdim", false);
    const auto reduce = largest ? reduce_max : reduce_min;
    const Term value = cast(reduce(x, op.dims("dim"), keep), op.type());
    if (!op.has("dim")) return {value.name};
    if (op.input("self").type() == at::kLong) return {value.name, ""};
    return {value.name, place_of_extreme(op, largest).name};
}

/// The square of the spread: `correction` is what is taken from the number of elements.
double correction_of(TracedOperation& op) {
    if (op.has("correction")) return op.number_or("correction", 1);
    return op.flag_or("unbiased", true) ? 1 : 0;
}

Term variance(TracedOperation& op, const Term& mean, bool keep) {
    const Term x = op.term("self");
    const std::vector<int64_t> dims = op.dims("dim");
    const Term difference = x - mean, sum = reduce_sum(difference * difference, dims, keep);
    const Term n = number_of_elements(op, dims, x.type);
    return sum / maximum(n - correction_of(op), number_like(n, 0));
}

Names spread_form(TracedOperation& op, bool root, bool with_mean) {
    const std::vector<int64_t> dims = op.dims("dim");
    const bool keep = op.flag_or("keepdim", false);
    const Term x = op.term("self"), mean = reduce_mean(x, dims, true);
    const Term squared = variance(op, mean, keep), spread = root ? sqrt(squared) : squared;
    if (!with_mean) return {spread.name};
    return {spread.name, keep ? mean.name : reduce_mean(x, dims, false).name};
}

Term log_sum_exp(const Term& x, const std::vector<int64_t>& dims, bool keep) {
    if (dims.empty()) return x;
    return apply("ReduceLogSumExp", {x}, {{"axes", dims}, {"keepdims", int64_t{keep}}});
}

Term cumulative_sum_form(TracedOperation& op) {
    const Term x = op.term("self", computing_type(op.type()));
    if (op.input("self").n_dims() == 0) return x;
    const std::string dim = x.graph->integer(op.dim("dim"));
    return cast({x.graph, x.graph->node("CumSum", {x.name, dim}), x.type}, op.type());
}

}  // namespace

Term number_of_elements(TracedOperation& op, const std::vector<int64_t>& dims, at::ScalarType type) {
    double fixed = 1;
    std::optional<Term> free;
    for (const int64_t dim : dims) {
        const int64_t size = op.input("self").size(dim);
        if (size != kFree) {
            fixed *= static_cast<double>(size);
            continue;
        }
        const Term factor = cast(size_of(op.term("self"), dim), type);
        free = free ? *free * factor : factor;
    }
    if (!free) return number_like({&op.graph(), "", type}, fixed);
    return fixed == 1 ? *free : *free * fixed;
}

OnnxForms reduction_forms() {
    return {
        {"sum", reduced_form(reduce_sum)},
        {"mean", reduced_form(reduce_mean)},
        {"amax", reduced_form(reduce_max)},
        {"amin", reduced_form(reduce_min)},
        {"prod", reduced_form(product_of)},
        {"logsumexp", reduced_form(log_sum_exp)},
        {"count_nonzero",
         term_form([](TracedOperation& op) { return count_nonzero(op.term("self"), op.dims("dim"), false); })},
        {"any", truth_form(false)},
        {"all", truth_form(true)},
        {"max", [](TracedOperation& op) { return extreme_form_of(op, true); }},
        {"min", [](TracedOperation& op) { return extreme_form_of(op, false); }},
        {"argmax", term_form([](TracedOperation& op) { return place_of_extreme(op, true); })},
        {"argmin", term_form([](TracedOperation& op) { return place_of_extreme(op, false); })},
        {"var", [](TracedOperation& op) { return spread_form(op, false, false); }},
        {"std", [](TracedOperation& op) { return spread_form(op, true, false); }},
        {"var_mean", [](TracedOperation& op) { return spread_form(op, false, true); }},
        {"std_mean", [](TracedOperation& op) { return spread_form(op, true, true); }},
        {"cumsum", term_form(cumulative_sum_form)},
    };
}

}  // namespace embark::onnx
