#include "new_user_graph.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include "../../../core/error.h"
#include "../../../core/tensors.h"
#include "../../../predictor/detail/collab_file.h"
#include "term.h"

namespace embark::onnx {

namespace {

/// What the file has for new users: at least `n` tensors. Throws Error where it has something else.
Tensors new_user_parts(const ExportedFile& file, size_t n) {
    const c10::IValue parts = file.attribute("_embark_new_user_parts");
    Tensors tensors;
    if (parts.isTuple()) {
        for (const c10::IValue& part : parts.toTupleRef().elements()) {
            if (part.isTensor()) tensors.push_back(part.toTensor());
        }
    }
    require(tensors.size() >= n, file.name(), " has something else where what it computes new users from should be");
    return tensors;
}

/// A float32 tensor of the module, by the path of its name.
at::Tensor tensor_of(const ExportedFile& file, const std::string& name, const std::string& part = "") {
    const c10::IValue value = file.module().attr(name);
    return (part.empty() ? value : value.toModule().attr(part)).toTensor().detach().to(at::kFloat);
}

/// Of a table (members, items, …) the rows of `items` (n).
Term take_items(const Term& table, const std::string& items) {
    return {table.graph, table.graph->node("Gather", {table.name, items}, {{"axis", int64_t{1}}}), table.type};
}

/// Of somebody's vector (1, width) the scores (items).
std::string scores_of_vector(Graph& graph, const ExportedFile& file, const std::string& user) {
    const std::string vectors = graph.constant(tensor_of(file, "item_factors", "weight").t().contiguous(), "item_factors.t");
    const std::string bias = graph.constant(tensor_of(file, "item_bias", "weight").reshape({-1}), "item_bias.weight");
    const std::string products = graph.node("MatMul", {user, vectors});
    return graph.node("Reshape", {graph.node("Add", {products, bias}), graph.integers({-1})});
}

/// Solves `left` x = `right` for positive definite matrices (members, width, width) and columns (members, width, 1),
/// float64, by conjugate gradients: ONNX has no operator that solves. Without rounding as many steps as columns are
/// enough; some more make up for it.
Term solve(const Term& left, const Term& right, int64_t width) {
    constexpr int64_t kMostSteps = 80;
    const auto product_of = [](const Term& a, const Term& b) { return matmul(permute(a, {0, 2, 1}), b); };
    // Of what is solved already, steps of 0. Not by adding: ONNX Runtime leaves the addition of 1e-300 out, since it is 0
    // in float32.
    const auto above_zero = [](const Term& x) { return maximum(x, number_like(x, 1e-300)); };
    Term x = 0. * right, rest = right, direction = right, length = product_of(rest, rest);
    for (int64_t i = 0; i < std::min(width + width / 4 + 2, kMostSteps); ++i) {
        const Term product = matmul(left, direction), far = length / above_zero(product_of(direction, product));
        x = x + far * direction;
        rest = rest - far * product;
        const Term next = product_of(rest, rest);
        direction = rest + next / above_zero(length) * direction;
        length = next;
    }
    return x;
}

/// RankingModel's least squares for somebody with these `items` (n): the vector (1, width).
std::string vector_by_least_squares(Graph& graph, const ExportedFile& file, const std::string& items) {
    const Tensors numbers = new_user_parts(file, 2);
    const double alpha = numbers[0].item<double>();
    const at::Tensor vectors = tensor_of(file, "item_factors", "weight"), all = vectors.to(at::kDouble);
    const at::Tensor gram = all.t().mm(all) + numbers[1];
    const Term table = {&graph, graph.constant(vectors.unsqueeze(0), "item_factors.weight"), at::kFloat};
    const Term seen = cast(take_items(table, items), at::kDouble), turned = permute(seen, {0, 2, 1});
    const Term left = matmul(turned, seen) * alpha + Term{&graph, graph.constant(gram, "gram"), at::kDouble};
    const Term user = solve(left, reduce_sum(turned, {2}, /*keep=*/true) * (1 + alpha), all.size(1));
    return reshape(cast(user, at::kFloat), {1, -1}).name;
}

/// The offset and the ends of the range that a file of ratings has for new users.
struct RatingNumbers {
    double offset, low, high;
    bool is_ranged() const { return std::isfinite(low) && std::isfinite(high); }
};

RatingNumbers rating_numbers(const ExportedFile& file) {
    const at::Tensor numbers = new_user_parts(file, 6)[5];
    require(numbers.numel() == 3, file.name(), " does not say in which range its ratings are");
    return {numbers[0].item<double>(), numbers[1].item<double>(), numbers[2].item<double>()};
}

}  // namespace

std::string scores_by_items(Graph& graph, const ExportedFile& file, const std::string& items) {
    const std::string weights = graph.constant(tensor_of(file, "item_weights"), "item_weights");
    const std::string rows = graph.node("Gather", {weights, items});
    return graph.node("ReduceSum", {rows, graph.integers({0})}, {{"keepdims", int64_t{0}}});
}

std::string new_user_scores(Graph& graph, const ExportedFile& file, const std::string& items) {
    const std::string form = file.attribute(kNewUserAttribute).toStringRef();
    if (form == "items") return scores_by_items(graph, file, items);
    if (form == "popularity") {
        return graph.constant(tensor_of(file, "item_bias", "weight").reshape({-1}), "item_bias.weight");
    }
    if (form == "least squares") return scores_of_vector(graph, file, vector_by_least_squares(graph, file, items));
    require(form == "history", file.name(), " knows new users in a way of its own, '", form, "'");
    const at::Tensor history = new_user_parts(file, 1)[0];
    const std::string rows = graph.node("Gather", {graph.constant(history.to(at::kFloat), "history"), items});
    const std::string sum = graph.node("ReduceSum", {rows, graph.integers({0})}, {{"keepdims", int64_t{1}}});
    const std::string n = graph.cast(graph.node("Shape", {items}), Type::float32);
    const std::string at_least_one = graph.node("Max", {n, graph.constant(at::ones({1}), "one")});
    return scores_of_vector(graph, file, graph.node("Div", {sum, graph.node("Sqrt", {at_least_one})}));
}

std::string new_user_ratings(Graph& graph, const ExportedFile& file, const std::string& items, const std::string& ratings) {
    const Tensors parts = new_user_parts(file, 6);
    // These come from numbers of 32 bits.
    const auto table = [&](size_t i, const char* hint) {
        return Term{&graph, graph.constant(parts[i].to(at::kFloat), hint), at::kFloat};
    };
    const auto doubles = [](const Term& x) { return cast(x, at::kDouble); };
    const auto of_items = [&](const Term& of_all) { return doubles(take_items(of_all, items)); };
    const Term factors = table(0, "item_factors"), bias = table(1, "item_bias");
    const int64_t width = parts[0].size(2);
    const RatingNumbers numbers = rating_numbers(file);

    const Term n = cast(Term{&graph, graph.node("Shape", {items}), at::kLong}, at::kDouble), share = 1. / sqrt(n);
    const Term rated = of_items(table(2, "rated_factors")) * share, rated_bias = of_items(table(3, "rated_bias")) * share;
    const Term sums = reduce_sum(rated, {1}, /*keep=*/true), sums_bias = reduce_sum(rated_bias, {1}, /*keep=*/true);
    const Term seen = of_items(factors);
    const Term left = Term{&graph, ratings, at::kDouble} - numbers.offset - of_items(bias) - (sums_bias - rated_bias) -
                      reduce_sum((sums - rated) * seen, {2}, /*keep=*/false);
    const Term known = concat_terms({seen, slice(seen, 2, 0, 1) * 0. + 1.}, 2), of_known = permute(known, {0, 2, 1});
    const Term prior = {&graph, graph.constant(parts[4], "prior"), at::kDouble};
    const Term own = solve(matmul(of_known, known) + prior, matmul(of_known, unsqueeze(left, {2})), width + 1);
    const Term user = permute(sums, {0, 2, 1}) + slice(own, 1, 0, width);
    Term scores = squeeze(matmul(doubles(factors), user), {2}) + doubles(bias) + sums_bias +
                  squeeze(slice(own, 1, width, width + 1), {2}) + numbers.offset;
    if (numbers.is_ranged()) {
        scores = minimum(maximum(scores, number_like(scores, numbers.low)), number_like(scores, numbers.high));
    }
    return cast(reduce_mean(scores, {0}, /*keep=*/false), at::kFloat).name;
}

std::string are_ratings(Graph& graph, const ExportedFile& file, const std::string& items, const std::string& ratings) {
    const Term codes = {&graph, items, at::kLong}, values = {&graph, ratings, at::kDouble};
    const RatingNumbers numbers = rating_numbers(file);
    const double least = numbers.is_ranged() ? 2 * numbers.low - numbers.high : -1e300,
                 most = numbers.is_ranged() ? 2 * numbers.high - numbers.low : 1e300;
    const Term good = codes > 0. && !(values < least) && !(values > most) && values == values;
    const Term n_good = reduce_sum(cast(good, at::kLong), {0}, /*keep=*/true);
    const Term n_distinct = {&graph, graph.node("Shape", {graph.nodes("Unique", {items}, 1).front()}), at::kLong};
    const Term n = {&graph, graph.node("Shape", {items}), at::kLong};
    return (n_good == n && n_distinct == n && n > 0.).name;
}

}  // namespace embark::onnx
