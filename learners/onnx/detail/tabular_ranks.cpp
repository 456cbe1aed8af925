#include "tabular_ranks.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ATen.h>

namespace embark::onnx {

namespace {

/// As in NumberScaler.
constexpr double kRankMargin = 1e-7;

/// The rank where a value is quantile `i` itself: the middle of those that share it.
double middle_rank(const std::vector<double>& quantiles, size_t i) {
    const auto [first, last] = std::equal_range(quantiles.begin(), quantiles.end(), quantiles[i]);
    const auto shared = static_cast<double>((first - quantiles.begin()) + (last - quantiles.begin()) - 1);
    return shared / 2 / static_cast<double>(quantiles.size() - 1);
}

int64_t most_quantiles(const std::vector<NumberScaler>& scalers) {
    size_t most = 0;
    for (const NumberScaler& scaler : scalers) most = std::max(most, scaler.quantiles().size());
    return static_cast<int64_t>(most);
}

/// How many are true along the last axis, which stays.
std::string count(Graph& graph, const std::string& is_so) {
    // float32, in which sums are fastest.
    const std::string sum = graph.node("ReduceSum", {graph.cast(is_so, Type::float32), graph.integers({-1})});
    return graph.cast(sum, Type::int64);
}

/// The quantiles of all columns, and the ranks of these, double[columns, n] each. The quantiles lie in blocks, and
/// infinite ones fill up the last, of which there is at least one.
struct QuantileTable {
    explicit QuantileTable(const std::vector<NumberScaler>& scalers)
        : columns(static_cast<int64_t>(scalers.size())),
          block(static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(most_quantiles(scalers)))))),
          n_blocks(most_quantiles(scalers) / block + 1),
          quantiles(at::full({columns, n_blocks * block}, std::numeric_limits<double>::infinity(), at::kDouble)),
          middles(at::zeros({columns, n_blocks * block}, at::kDouble)) {
        for (int64_t column = 0; column < columns; ++column) {
            const auto& own = scalers[static_cast<size_t>(column)].quantiles();
            for (size_t i = 0; i < own.size(); ++i) {
                quantiles[column][static_cast<int64_t>(i)] = own[i];
                middles[column][static_cast<int64_t>(i)] = middle_rank(own, i);
            }
        }
    }

    int64_t columns, block, n_blocks;
    at::Tensor quantiles, middles;
};

/// How many quantiles of its column are less than each of `values`, int64, both [rows, columns, 1]. The first quantiles
/// of all blocks tell in which one to look, and only that one is looked at.
std::string count_less(Graph& graph, const std::string& values, const QuantileTable& table) {
    const at::Tensor blocks = table.quantiles.reshape({table.columns, table.n_blocks, table.block});
    const std::string heads = graph.constant(blocks.slice(1, 1).select(2, 0), "quantiles.heads");
    const std::string which = count(graph, graph.node("Less", {heads, values}));
    const at::Tensor first_blocks = (at::arange(table.columns) * table.n_blocks).reshape({table.columns, 1});
    const std::string flat = graph.node("Squeeze", {graph.node("Add", {which, graph.constant(first_blocks, "first_blocks")}),
                                                    graph.integers({2})});
    const std::string found =
        graph.node("Gather", {graph.constant(table.quantiles.reshape({-1, table.block}), "quantiles"), flat});
    const std::string before = graph.node("Mul", {which, graph.integer(table.block)});
    return graph.node("Add", {before, count(graph, graph.node("Less", {found, values}))});
}

/// The ranks of `values`, both double[rows, columns, 1], with a margin to 0 and 1. Beyond the first and the last quantile
/// a width of 0 and an infinite one lead to −∞ and 1.
std::string ranks(Graph& graph, const std::string& values, const std::vector<NumberScaler>& scalers) {
    const QuantileTable table(scalers);
    std::vector<double> last;
    for (const NumberScaler& scaler : scalers) last.push_back(static_cast<double>(scaler.quantiles().size() - 1));
    const std::string less = count_less(graph, values, table);
    const at::Tensor first_of_column = (at::arange(table.columns) * table.quantiles.size(1)).reshape({table.columns, 1});
    const std::string first = graph.constant(first_of_column, "first_quantiles"), flat = graph.integers({-1});
    // The same constant as that of count_less, as a list.
    const std::string quantiles = graph.node(
        "Reshape", {graph.constant(table.quantiles.reshape({-1, table.block}), "quantiles"), flat});
    const std::string place = graph.node("Add", {less, first});
    const std::string above = graph.node("Gather", {quantiles, place});
    const std::string before = graph.node("Max", {graph.node("Sub", {place, graph.integer(1)}), first});
    const std::string below = graph.node("Gather", {quantiles, before});
    const std::string within =
        graph.node("Div", {graph.node("Sub", {values, below}), graph.node("Sub", {above, below})});
    const std::string n_below = graph.node("Sub", {graph.cast(less, Type::float64), graph.number(1)});
    const std::string steps = graph.constant(at::tensor(last, at::kDouble).unsqueeze(1), "last");
    const std::string between = graph.node("Div", {graph.node("Add", {n_below, within}), steps});
    const std::string middle = graph.node("Gather", {graph.constant(table.middles.flatten(), "middles"), place});
    const std::string rank = graph.node("Where", {graph.node("Equal", {values, above}), middle, between});
    const std::string at_least = graph.node("Max", {rank, graph.number(kRankMargin)});
    return graph.node("Min", {at_least, graph.number(1 - kRankMargin)});
}

// The coefficients of Wichura's algorithm AS 241 (PPND16, Applied Statistics 37, 1988), 1e-16 of the value exact: two
// ratios of polynomials, by falling power. Ranks keep a margin to 0 and 1, so that its third, for what lies beyond
// 1.4e-11, is not needed.
constexpr int64_t kRatios = 2, kPowers = 8;
constexpr double kCentre[kRatios][kPowers] = {
    {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125,
     1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080},
    {5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867, 5394.1960214247511077,
     687.18700749205790830, 42.313330701600911252, 1.0}};
constexpr double kTails[kRatios][kPowers] = {
    {7.74545014278341407640e-4, .0227238449892691845833, .241780725177450611770, 1.27045825245236838258,
     3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734},
    {1.05075007164441684324e-9, 5.47593808499534494600e-4, .0151986665636164571966, .148103976427480074590,
     .689767334985100004550, 1.67638483018380384940, 2.05319162663775882187, 1.0}};

/// The numerators and denominators of the ratios for `centre` and for `tail`, double[…, 1], side by side.
Names polynomials(Graph& graph, const std::string& centre, const std::string& tail) {
    const std::string x = graph.node("Concat", {centre, centre, tail, tail}, {{"axis", int64_t{-1}}});
    std::string sum;
    for (int64_t power = 0; power < kPowers; ++power) {
        const std::vector<double> factors = {kCentre[0][power], kCentre[1][power], kTails[0][power], kTails[1][power]};
        const std::string factor = graph.constant(at::tensor(factors, at::kDouble), "normal");
        sum = sum.empty() ? factor : graph.node("Add", {graph.node("Mul", {sum, x}), factor});
    }
    return graph.nodes("Split", {sum}, 4, {{"axis", int64_t{-1}}});
}

/// The normal distribution's values at the ranks, double[…, 1].
std::string normal_values(Graph& graph, const std::string& rank) {
    const std::string q = graph.node("Sub", {rank, graph.number(0.5)});
    const std::string nearer = graph.node("Min", {rank, graph.node("Sub", {graph.number(1), rank})});
    const std::string r = graph.node("Sqrt", {graph.node("Neg", {graph.node("Log", {nearer})})});
    const Names sums = polynomials(graph, graph.node("Sub", {graph.number(0.180625), graph.node("Mul", {q, q})}),
                                   graph.node("Sub", {r, graph.number(1.6)}));
    const std::string centre = graph.node("Mul", {q, graph.node("Div", {sums[0], sums[1]})});
    const std::string tail = graph.node("Mul", {graph.node("Sign", {q}), graph.node("Div", {sums[2], sums[3]})});
    const std::string is_central = graph.node("LessOrEqual", {graph.node("Abs", {q}), graph.number(0.425)});
    return graph.node("Where", {is_central, centre, tail});
}

}  // namespace

std::string scale_by_rank(Graph& graph, const std::string& values, const std::vector<NumberScaler>& scalers) {
    const std::string deep = graph.node("Unsqueeze", {values, graph.integers({2})});
    return graph.node("Squeeze", {normal_values(graph, ranks(graph, deep, scalers)), graph.integers({2})});
}

}  // namespace embark::onnx
