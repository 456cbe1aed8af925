#include "tabular_numbers.h"

#include <ATen/ATen.h>

#include "derived_graph.h"
#include "tabular_ranks.h"

namespace embark::onnx {

namespace {

/// What this or more becomes infinite as float32.
constexpr double kBeyondFloat = 3.4028235677973366e38;

std::string row_of(Graph& graph, const std::vector<double>& values, const std::string& hint) {
    return graph.constant(at::tensor(values, at::kDouble), hint);
}

std::string scale_linearly(Graph& graph, const std::string& values, const std::vector<NumberScaler>& scalers) {
    std::vector<double> shifts, scales;
    for (const NumberScaler& scaler : scalers) {
        shifts.push_back(scaler.shift());
        scales.push_back(scaler.scale());
    }
    return graph.node("Div",
                      {graph.node("Sub", {values, row_of(graph, shifts, "shift")}), row_of(graph, scales, "scale")});
}

/// The columns `which` of `values`.
std::string pick(Graph& graph, const std::string& values, const std::vector<int64_t>& which) {
    return graph.node("Gather", {values, graph.integers(which)}, {{"axis", int64_t{1}}});
}

/// Both ways of scaling, each for the columns that are to be scaled so.
std::string scale(Graph& graph, const std::string& values, const std::vector<NumberColumn>& columns) {
    std::vector<NumberScaler> linear, ranked;
    std::vector<int64_t> linear_columns, ranked_columns;
    for (size_t i = 0; i < columns.size(); ++i) {
        const bool by_rank = columns[i].scaler.scaling() == Scaling::quantile;
        (by_rank ? ranked : linear).push_back(columns[i].scaler);
        (by_rank ? ranked_columns : linear_columns).push_back(static_cast<int64_t>(i));
    }
    if (ranked.empty()) return scale_linearly(graph, values, linear);
    if (linear.empty()) return scale_by_rank(graph, values, ranked);
    const std::string both = graph.node("Concat",
                                        {scale_linearly(graph, pick(graph, values, linear_columns), linear),
                                         scale_by_rank(graph, pick(graph, values, ranked_columns), ranked)},
                                        {{"axis", int64_t{1}}});
    std::vector<int64_t> places(columns.size());
    int64_t place = 0;
    for (const auto& part : {linear_columns, ranked_columns}) {
        for (const int64_t column : part) places[static_cast<size_t>(column)] = place++;
    }
    return pick(graph, both, places);
}

}  // namespace

NumberValues add_numbers(Graph& graph, const Names& values, const TabularEncoder& encoder) {
    std::vector<double> fills;
    for (const NumberColumn& column : encoder.own_numbers()) fills.push_back(column.fill);
    const std::string all = graph.node("Concat", values, {{"axis", int64_t{1}}});
    const std::string missing = graph.node("IsNaN", {all});
    const std::string filled = graph.node("Where", {missing, row_of(graph, fills, "fill"), all});
    const std::string largest =
        graph.node("ReduceMax", {graph.node("Abs", {filled})}, {{"axes", std::vector<int64_t>{1}}});
    const std::string numbers = with_derived_numbers(graph, filled, encoder);
    return {.scaled = graph.cast(scale(graph, numbers, encoder.numbers), Type::float32),
            .missing = missing,
            .refused = graph.node("GreaterOrEqual", {largest, graph.number(kBeyondFloat)})};
}

}  // namespace embark::onnx
