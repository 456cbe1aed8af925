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
#include "new_user_graph.h"
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
    const bool rated = !ranks_items(file);
    Graph graph;
    const std::string given = graph.input("history", Type::string, {"n"},
                                          rated ? "ids of items, each known and given once; else nothing is answered"
                                                : "ids of items, each counts once; unknown ones do not count");
    const Vocabulary items = collab_vocabulary(file, "item");
    const std::string codes = category_codes(graph, given, items), all = all_items(graph, items.size());
    std::string scores, keep;
    if (rated) {
        const std::string ratings = graph.input("history_ratings", Type::float64, {"n"},
                                                "the rating of each, on the scale of the training ratings; else nothing is answered");
        scores = new_user_ratings(graph, file, codes, ratings);
        keep = graph.node("And", {without(graph, all, codes), are_ratings(graph, file, codes, ratings)});
    } else {
        const std::string distinct = graph.nodes("Unique", {codes}, 1).front();
        const std::string known = graph.node("NonZero", {graph.node("Greater", {distinct, graph.integer(0)})});
        const std::string numbers = graph.node("Gather", {distinct, graph.node("Reshape", {known, graph.integers({-1})})});
        scores = new_user_scores(graph, file, numbers);
        keep = without(graph, all, numbers);
    }
    give_highest(graph, scores, keep, add_k(graph), items, scores_name(file));
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
