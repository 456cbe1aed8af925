#include "derived_graph.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../../../predictor/detail/same_distance.h"

namespace embark::onnx {

namespace {

/// The columns `names` of the own numbers, double[rows, names].
std::string columns_of(Graph& graph, const std::string& values, const std::vector<std::string>& names,
                       const TabularEncoder& encoder) {
    std::vector<int64_t> places;
    for (const std::string& name : names) {
        places.push_back(std::ranges::find(encoder.numbers, name, &NumberColumn::name) - encoder.numbers.begin());
    }
    return graph.node("Gather", {values, graph.integers(places)}, {{"axis", int64_t{1}}});
}

/// Squares of the distances to all training rows, double[rows, training rows]. Column by column, as in the other forms:
/// a product of matrices would round otherwise.
std::string squared_distances(Graph& graph, const std::string& values, const Neighbours& neighbours,
                              const TabularEncoder& encoder) {
    std::string sum;
    for (size_t i = 0; i < neighbours.columns.size(); ++i) {
        const std::string own = graph.node(
            "Div", {columns_of(graph, values, {neighbours.columns[i]}, encoder), graph.number(neighbours.scales[i])});
        const at::Tensor points = neighbours.points.select(0, static_cast<int64_t>(i)).unsqueeze(0);
        const std::string apart = graph.node("Sub", {own, graph.constant(points, "neighbours")});
        const std::string square = graph.node("Mul", {apart, apart});
        sum = sum.empty() ? square : graph.node("Add", {sum, square});
    }
    return sum;
}

/// double[rows, width].
std::string neighbour_means(Graph& graph, const std::string& values, const Neighbours& neighbours,
                            const TabularEncoder& encoder) {
    const std::string distances = squared_distances(graph, values, neighbours, encoder);
    const std::string nearest = graph.nodes("TopK", {distances, graph.integers({neighbours.counts.back()})}, 2,
                                            {{"axis", int64_t{1}}, {"largest", int64_t{0}}})[0];
    const std::string targets = graph.constant(neighbours.targets, "neighbours.targets");
    Names means;
    for (const int64_t count : neighbours.counts) {
        const std::string last = graph.node("Gather", {nearest, graph.integers({count - 1})}, {{"axis", int64_t{1}}});
        const std::string limit = graph.node("Mul", {last, graph.number(kSameDistance)});
        const std::string near = graph.cast(graph.node("LessOrEqual", {distances, limit}), Type::float64);
        const std::string n = graph.node("ReduceSum", {near, graph.integers({1})});
        means.push_back(graph.node("Div", {graph.node("MatMul", {near, targets}), n}));
    }
    const std::string all = graph.node("Concat", means, {{"axis", int64_t{1}}});
    return graph.cast(graph.cast(all, Type::float32), Type::float64);
}

}  // namespace

std::string with_derived_numbers(Graph& graph, const std::string& values, const TabularEncoder& encoder) {
    if (encoder.n_derived() == 0) return values;
    Names parts = {values};
    for (const auto& [x, y] : encoder.rotated) {
        const Names both = {columns_of(graph, values, {x}, encoder), columns_of(graph, values, {y}, encoder)};
        parts.push_back(graph.node("Add", both));
        parts.push_back(graph.node("Sub", both));
    }
    if (encoder.neighbours) parts.push_back(neighbour_means(graph, values, *encoder.neighbours, encoder));
    return graph.node("Concat", parts, {{"axis", int64_t{1}}});
}

}  // namespace embark::onnx
