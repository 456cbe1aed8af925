#include "collab_graph.h"

#include <algorithm>
#include <map>
#include <optional>

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>
#include <nlohmann/json.hpp>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../../predictor/detail/collab_file.h"
#include "../../../predictor/item_ranking.h"
#include "../../../predictor/vocabulary.h"
#include "file_metadata.h"
#include "forward_rows.h"
#include "spelling_graph.h"

namespace embark::onnx {

namespace {

constexpr const char* kIdDoc = "id; an unknown one, as \"\" is, is answered as such";

/// What file_metadata says, and the ids that the model knows.
std::map<std::string, std::string> ratings_metadata(const ExportedFile& file) {
    auto metadata = file_metadata(file.info());
    for (size_t i = 0; i < 2; ++i) {
        const std::string& column = file.info().inputs.at(i);
        const Vocabulary ids = collab_vocabulary(file, i == 0 ? "user" : "item");
        metadata["vocabulary." + column] = nlohmann::json(ids.names()).dump();
        metadata["spelling." + column] = to_string(ids.spelling());
    }
    return metadata;
}

void require_method(const ExportedFile& file, const std::string& method) {
    require(file.info().kind == "collab" && file.has_method(method), file.name(), " has no method ", method,
            " for ratings, so no ONNX file of it can be made; ", "its kind is ", file.info().kind,
            ", and its methods are ", join(file.info().methods, "; "));
}

/// The ratings, (rows), of rows of a user's and an item's number, (rows, 2).
std::string rate(Graph& graph, const ExportedFile& file, const std::string& rows) {
    const auto outputs = forward_rows(graph, file.module(), {rows}, {at::zeros({2, 2}, at::kLong)});
    const std::string flat = graph.node("Reshape", {outputs.at(0).name, graph.integers({-1})});
    return outputs[0].type == Type::float32 ? flat : graph.cast(flat, Type::float32);
}

/// The ratings, (items), that the user of number `user` has for all items.
std::string rate_all(Graph& graph, const ExportedFile& file, const std::string& user, int64_t n_items) {
    const std::string all = graph.constant(at::arange(n_items).unsqueeze(1), "numbers");
    const std::string same = graph.node("Expand", {user, graph.integers({n_items, 1})});
    return rate(graph, file, graph.node("Concat", {same, all}, {{"axis", int64_t{1}}}));
}

/// What the outputs of rankings are called beside `items`.
std::string scores_name(const ExportedFile& file) {
    return ranks_items(file) ? "scores" : "ratings";
}

/// Gives out the names and the scores of the `k` items with the highest scores, of those that `keep` keeps.
void give_highest(Graph& graph, const std::string& scores, const std::string& keep, const std::string& k,
                  const Vocabulary& items, const std::string& scores_name) {
    const std::string kept = graph.node("Reshape", {graph.node("NonZero", {keep}), graph.integers({-1})});
    const std::string kept_scores = graph.node("Gather", {scores, kept});
    const std::string n = graph.node("Min", {k, graph.node("Shape", {kept})});
    const Names highest = graph.nodes("TopK", {kept_scores, n}, 2);
    const std::string numbers = graph.node("Gather", {kept, highest[1]});
    graph.output("items", graph.node("Gather", {graph.texts(items.names(), "items"), numbers}), Type::string, {"n"},
                 "best first");
    graph.output(scores_name, highest[0], Type::float32, {"n"});
}

std::string add_k(Graph& graph) {
    return graph.input("k", Type::int64, {"1"}, "how many are wanted, at least 1");
}

/// `keep` (items) without `items` (n).
std::string without(Graph& graph, const std::string& keep, const std::string& items) {
    const std::string no = graph.constant(at::zeros({1}, at::kBool), "no");
    const std::string none = graph.node("Expand", {no, graph.node("Shape", {items})});
    return graph.node("ScatterElements", {keep, items, none}, {{"axis", int64_t{0}}});
}

/// All items but the unknown one.
std::string all_items(Graph& graph, int64_t n_items) {
    return graph.constant(at::arange(n_items) > 0, "keep");
}

/// What the user of number `user` had in training, (n); empty where the file does not say.
std::string rated_by(Graph& graph, const ExportedFile& file, const std::string& user) {
    if (!file.module().hasattr("_embark_rated")) return {};
    const auto rated = file.attribute("_embark_rated").toTupleRef().elements();
    const std::string offsets = graph.constant(rated[0].toTensor().to(at::kLong), "rated.offsets");
    const std::string begin = graph.node("Gather", {offsets, user});
    const std::string end = graph.node("Gather", {offsets, graph.node("Add", {user, graph.integers({1})})});
    // Half as large as the numbers of the file itself.
    const std::string rated_items = graph.constant(rated[1].toTensor().to(at::kInt), "rated.items");
    return graph.node("Slice", {rated_items, begin, end, graph.integers({0})});
}

/// A float32 tensor of the module, by the path of its name.
at::Tensor tensor_of(const ExportedFile& file, const std::string& name, const std::string& part = "") {
    const c10::IValue value = file.module().attr(name);
    return (part.empty() ? value : value.toModule().attr(part)).toTensor().detach().to(at::kFloat);
}

/// The scores (items) that weights between items give for a list of items (n).
std::string scores_by_items(Graph& graph, const ExportedFile& file, const std::string& items) {
    const std::string weights = graph.constant(tensor_of(file, "item_weights"), "item_weights");
    const std::string rows = graph.node("Gather", {weights, items});
    return graph.node("ReduceSum", {rows, graph.integers({0})}, {{"keepdims", int64_t{0}}});
}

/// Of somebody's vector (1, width) the scores (items).
std::string scores_of_vector(Graph& graph, const ExportedFile& file, const std::string& user) {
    const std::string vectors = graph.constant(tensor_of(file, "item_factors", "weight").t().contiguous(), "item_factors.t");
    const std::string bias = graph.constant(tensor_of(file, "item_bias", "weight").reshape({-1}), "item_bias.weight");
    const std::string products = graph.node("MatMul", {user, vectors});
    return graph.node("Reshape", {graph.node("Add", {products, bias}), graph.integers({-1})});
}

/// Solves `left` x = `right` for a positive definite matrix (width, width) and a column (width, 1), float64, by
/// conjugate gradients: ONNX has no operator that solves. As many steps as columns are enough, and fewer are where the
/// matrix is held back as those of least squares are.
std::string solve(Graph& graph, const std::string& left, const std::string& right, int64_t width) {
    constexpr int64_t kMostSteps = 64;
    const std::string tiny = graph.number(1e-300);
    const auto squares = [&](const std::string& a, const std::string& b) {
        return graph.node("MatMul", {graph.node("Transpose", {a}, {{"perm", std::vector<int64_t>{1, 0}}}), b});
    };
    std::string x, rest = right, direction = right, length = squares(rest, rest);
    for (int64_t i = 0; i < std::min(width, kMostSteps); ++i) {
        const std::string product = graph.node("MatMul", {left, direction});
        const std::string far = graph.node("Div", {length, graph.node("Add", {squares(direction, product), tiny})});
        const std::string step = graph.node("Mul", {far, direction});
        x = x.empty() ? step : graph.node("Add", {x, step});
        rest = graph.node("Sub", {rest, graph.node("Mul", {far, product})});
        const std::string next = squares(rest, rest);
        const std::string share = graph.node("Div", {next, graph.node("Add", {length, tiny})});
        direction = graph.node("Add", {rest, graph.node("Mul", {share, direction})});
        length = next;
    }
    return x;
}

/// RankingModel's least squares for somebody with these `items` (n): the vector (1, width).
std::string vector_by_least_squares(Graph& graph, const ExportedFile& file, const std::string& items) {
    const auto numbers = file.attribute("_embark_new_user_parts").toTupleRef().elements();
    const double alpha = numbers[0].toTensor().item<double>();
    const at::Tensor all = tensor_of(file, "item_factors", "weight").to(at::kDouble);
    const int64_t width = all.size(1);
    const at::Tensor gram = all.t().mm(all) + numbers[1].toTensor();
    const std::string vectors = graph.constant(tensor_of(file, "item_factors", "weight"), "item_factors.weight");
    const std::string seen = graph.cast(graph.node("Gather", {vectors, items}), Type::float64);
    const std::string turned = graph.node("Transpose", {seen}, {{"perm", std::vector<int64_t>{1, 0}}});
    const std::string own = graph.node("Mul", {graph.node("MatMul", {turned, seen}), graph.number(alpha)});
    const std::string left = graph.node("Add", {own, graph.constant(gram, "gram")});
    const std::string sum = graph.node("ReduceSum", {turned, graph.integers({1})}, {{"keepdims", int64_t{1}}});
    const std::string right = graph.node("Mul", {sum, graph.number(1 + alpha)});
    const std::string user = graph.cast(solve(graph, left, right, width), Type::float32);
    return graph.node("Reshape", {user, graph.integers({1, -1})});
}

/// What add_ranking_methods has the file say of somebody with these `items` (n): scores (items).
std::string new_user_scores(Graph& graph, const ExportedFile& file, const std::string& items) {
    const std::string form = file.attribute(kNewUserAttribute).toStringRef();
    if (form == "items") return scores_by_items(graph, file, items);
    if (form == "popularity") {
        return graph.constant(tensor_of(file, "item_bias", "weight").reshape({-1}), "item_bias.weight");
    }
    if (form == "least squares") return scores_of_vector(graph, file, vector_by_least_squares(graph, file, items));
    require(form == "history", file.name(), " knows new users in a way of its own, '", form, "'");
    const at::Tensor history = file.attribute("_embark_new_user_parts").toTupleRef().elements()[0].toTensor();
    const std::string rows = graph.node("Gather", {graph.constant(history.to(at::kFloat), "history"), items});
    const std::string sum = graph.node("ReduceSum", {rows, graph.integers({0})}, {{"keepdims", int64_t{1}}});
    const std::string n = graph.cast(graph.node("Shape", {items}), Type::float32);
    const std::string at_least_one = graph.node("Max", {n, graph.constant(at::ones({1}), "one")});
    return scores_of_vector(graph, file, graph.node("Div", {sum, graph.node("Sqrt", {at_least_one})}));
}

/// The attribute that `value` is in the graph of a method of `module`; nothing where it is another kind of value.
std::optional<c10::IValue> attribute_of(const torch::jit::Module& module, const torch::jit::Value* value) {
    const torch::jit::Node* node = value->node();
    if (node->kind() == c10::prim::Param) return module._ivalue();
    if (node->kind() != c10::prim::GetAttr) return std::nullopt;
    const auto owner = attribute_of(module, node->input());
    if (!owner) return std::nullopt;
    return owner->toObjectRef().getAttr(node->s(torch::jit::attr::name));
}

/// The factors of the items: those whose norm the method `similar` takes.
at::Tensor item_factors(const ExportedFile& file) {
    const auto graph = file.module().get_method("similar").graph();
    for (const torch::jit::Node* node : graph->nodes()) {
        if (node->kind() != c10::aten::norm) continue;
        const auto factors = attribute_of(file.module(), node->input(0));
        if (factors && factors->isTensor()) return factors->toTensor().detach();
    }
    fail(file.name(), " does not say which factors its method similar compares");
}

}  // namespace

bool scores_by_item_weights(const ExportedFile& file) {
    return ranks_items(file) && file.module().hasattr("item_weights");
}

std::string collab_predict(const ExportedFile& file) {
    require_method(file, "predict");
    Graph graph;
    Names codes;
    for (size_t i = 0; i < 2; ++i) {
        const std::string& column = file.info().inputs.at(i);
        const std::string value = graph.input(column, Type::string, {"rows", "1"}, kIdDoc);
        codes.push_back(category_codes(graph, value, collab_vocabulary(file, i == 0 ? "user" : "item")));
    }
    const std::string ratings = rate(graph, file, graph.node("Concat", codes, {{"axis", int64_t{1}}}));
    graph.output(file.info().outputs.at(0), graph.node("Reshape", {ratings, graph.integers({-1, 1})}), Type::float32,
                 {"rows", "1"});
    return graph.model("predict", ratings_metadata(file));
}

std::string collab_recommend(const ExportedFile& file) {
    require_method(file, "recommend");
    Graph graph;
    const std::string name = graph.input("user", Type::string, {"1"}, kIdDoc), k = add_k(graph);
    const std::string user = category_codes(graph, name, collab_vocabulary(file, "user"));
    const Vocabulary items = collab_vocabulary(file, "item");
    const std::string rated = rated_by(graph, file, user), all = all_items(graph, items.size());
    const std::string scores = !rated.empty() && scores_by_item_weights(file)
                                   ? scores_by_items(graph, file, rated)
                                   : rate_all(graph, file, user, items.size());
    give_highest(graph, scores, rated.empty() ? all : without(graph, all, rated), k, items, scores_name(file));
    return graph.model("recommend", ratings_metadata(file));
}

std::string collab_recommend_for(const ExportedFile& file) {
    require_method(file, "recommend_for");
    Graph graph;
    const std::string given = graph.input("history", Type::string, {"n"}, "ids of items, each counts once; unknown ones do not count");
    const std::string k = add_k(graph);
    const Vocabulary items = collab_vocabulary(file, "item");
    const std::string codes = graph.nodes("Unique", {category_codes(graph, given, items)}, 1).front();
    const std::string known = graph.node("NonZero", {graph.node("Greater", {codes, graph.integer(0)})});
    const std::string numbers = graph.node("Gather", {codes, graph.node("Reshape", {known, graph.integers({-1})})});
    const std::string scores = new_user_scores(graph, file, numbers);
    give_highest(graph, scores, without(graph, all_items(graph, items.size()), numbers), k, items, "scores");
    return graph.model("recommend_for", ratings_metadata(file));
}

std::string collab_similar(const ExportedFile& file) {
    require_method(file, "similar");
    Graph graph;
    const std::string name = graph.input("item", Type::string, {"1"}, "id; nothing is similar to an unknown one");
    const std::string k = add_k(graph);
    const Vocabulary items = collab_vocabulary(file, "item");
    const std::string item = category_codes(graph, name, items);
    const at::Tensor factors = item_factors(file).to(at::kFloat);
    const at::Tensor directions = (factors / factors.norm(2, {1}, true).clamp_min(1e-12)).t();
    // (factors, items), since a row times a matrix is what products are fastest for.
    const std::string all = graph.constant(directions, "directions");
    const std::string own = graph.node("Gather", {all, item}, {{"axis", int64_t{1}}});
    const std::string product = graph.node("MatMul", {graph.node("Reshape", {own, graph.integers({1, -1})}), all});
    const std::string scores = graph.node("Reshape", {product, graph.integers({-1})});
    const std::string others =
        graph.node("Not", {graph.node("Equal", {graph.constant(at::arange(items.size()), "numbers"), item})});
    const std::string known = graph.node("Greater", {item, graph.integers({0})});
    const std::string keep = graph.node("And", {others, graph.constant(at::arange(items.size()) > 0, "keep")});
    give_highest(graph, scores, graph.node("And", {keep, known}), k, items, "similarities");
    return graph.model("similar", ratings_metadata(file));
}

}  // namespace embark::onnx
