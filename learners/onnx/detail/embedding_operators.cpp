#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

Term rows_of(const Term& table, const Term& index) {
    return {table.graph, table.graph->node("Gather", {table.name, index.name}, {{"axis", int64_t{0}}}), table.type};
}

Term embedding_form(TracedOperation& op) {
    return rows_of(op.term("weight"), op.term("indices"));
}

/// 1 for each element that lies at one of `places` among `n` elements, as often as it does; else 0.
Term counts_at(const Term& places, const Term& n) {
    const Term zeros = expand(number_like(places, 0), n);
    const Term ones = expand(number_like(places, 1), shape_of(places));
    const Attributes add = {{"axis", int64_t{0}}, {"reduction", std::string("add")}};
    return {places.graph, places.graph->node("ScatterElements", {zeros.name, places.name, ones.name}, add), at::kLong};
}

/// The bag of each index: how many bags have begun by then. One more place takes bags that begin after the last index.
Term bags_of(const Term& offsets, const Term& indices) {
    const Term n = shape_of(indices);
    const Term begun = counts_at(offsets, n + 1);
    const Term bag = {begun.graph, begun.graph->node("CumSum", {begun.name, begun.graph->integer(0)}), at::kLong};
    return slice(bag - 1, 0, 0, -1);
}

/// Sums of `values` [n, features] by bag.
Term summed_by_bag(const Term& values, const Term& bags, const Term& n_bags, int64_t n_features) {
    const Term features{values.graph, values.graph->integers({n_features}), at::kLong};
    const Term empty = expand(number_like(values, 0), concat_terms({n_bags, features}, 0));
    const Term index = expand(unsqueeze(bags, {1}), shape_of(values));
    const Attributes add = {{"axis", int64_t{0}}, {"reduction", std::string("add")}};
    return {values.graph, values.graph->node("ScatterElements", {empty.name, index.name, values.name}, add),
            values.type};
}

Names embedding_bag_form(TracedOperation& op) {
    constexpr int64_t kMean = 1, kMax = 2;
    const int64_t mode = op.integer("mode");
    require(mode != kMax, "with mode 'max' it has no ONNX form here; use 'mean' or 'sum'");
    const Term indices = op.term("indices", at::kLong);
    Term offsets = op.term("offsets", at::kLong), values = rows_of(op.term("weight"), indices);
    Term n_bags = shape_of(offsets);
    if (op.flag_or("include_last_offset", false)) {
        offsets = slice(offsets, 0, 0, -1);
        n_bags = n_bags - 1;
    }
    const Term bags = bags_of(offsets, indices);
    Term counted = expand(number_like(values, 1), shape_of(unsqueeze(indices, {1})));
    if (op.given("padding_idx") && op.integer("padding_idx") >= 0) {
        counted = cast(!(unsqueeze(indices, {1}) == static_cast<double>(op.integer("padding_idx"))), values.type);
        values = values * counted;
    }
    if (op.given("per_sample_weights")) values = values * unsqueeze(op.term("per_sample_weights"), {1});
    Term bag = summed_by_bag(values, bags, n_bags, op.fixed_size("weight", 1));
    if (mode == kMean) {
        const Term n = summed_by_bag(counted, bags, n_bags, 1);
        bag = bag / maximum(n, number_like(n, 1));
    }
    return {bag.name, "", "", ""};
}

}  // namespace

OnnxForms embedding_forms() {
    return {
        {"embedding", term_form(embedding_form)},
        {"embedding_bag", embedding_bag_form},
        {"_embedding_bag", embedding_bag_form},
    };
}

}  // namespace embark::onnx
