#include "collab_script.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <torch/torch.h>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../loaders/detail/script_attributes.h"

namespace embark {

namespace {

using torch::jit::Module;

// Methods in TorchScript, which Python and C++ read alike. They compute what CollabLearner
// does, operation by operation, so that both give the same numbers in the same order.

constexpr const char* kPredict = R"(
def predict(self, users: List[str], items: List[str]) -> Tensor:
    assert len(users) == len(items), "predict needs one item for each user, but got {} users and {} items".format(len(users), len(items))
    x: List[int] = []
    for i in range(len(users)):
        x.append(self._embark_user_index.get(users[i], 0))
        x.append(self._embark_item_index.get(items[i], 0))
    if len(users) == 0:
        return self.forward(torch.tensor([[0, 0]])).reshape(-1)[:0]
    return self.forward(torch.tensor(x).reshape(-1, 2)).reshape(-1)
)";

constexpr const char* kHighest = R"(
def _embark_highest(self, scores: Tensor, keep: Tensor, k: int) -> Tuple[List[str], Tensor]:
    kept = keep.nonzero().reshape(-1)
    if k < kept.numel():
        values = scores[kept]
        kept = kept[torch.logical_not(values < torch.topk(values, k).values[-1])]
    order = kept[torch.argsort(scores[kept], stable=True, dim=0, descending=True)][:k]
    numbers: List[int] = order.tolist()
    names: List[str] = []
    for number in numbers:
        names.append(self._embark_items[number])
    return names, scores[order]
)";

constexpr const char* kRecommend = R"(
def recommend(self, user: str, k: int = 10) -> Tuple[List[str], Tensor]:
    assert k > 0, "invalid number of results {}: at least 1 is needed".format(k)
    row = self._embark_user_index.get(user, 0)
    items = torch.arange(len(self._embark_items))
    keep = items > 0
)";

constexpr const char* kLeaveOutRated = R"(
    offsets, rated = self._embark_rated
    keep[rated[int(offsets[row]):int(offsets[row + 1])]] = False
)";

constexpr const char* kRank = R"(
    parts: List[Tensor] = []
    for part in items.split(8192):
        parts.append(self.forward(torch.stack([torch.full_like(part, row), part], 1)).reshape(-1))
    scores = torch.cat(parts)
    return self._embark_highest(scores, keep, k)
)";

constexpr const char* kSimilar = R"(
def similar(self, item: str, k: int = 10) -> Tuple[List[str], Tensor]:
    assert k > 0, "invalid number of results {}: at least 1 is needed".format(k)
    assert item in self._embark_item_index, "there is no item '{}'".format(item)
    index = self._embark_item_index[item]
    factors = ITEM_FACTORS
    directions = factors / factors.norm(2, 1, keepdim=True).clamp_min(1e-12)
    scores = directions.mv(directions[index])
    keep = torch.arange(len(self._embark_items)) > 0
    keep[index] = False
    return self._embark_highest(scores, keep, k)
)";

/// Registers the names of a vocabulary in order, and the number of each.
void register_vocabulary(Module& module, const std::string& what, const Vocabulary& vocabulary) {
    const auto text = c10::StringType::get();
    register_script_attribute(module, what + "s", c10::ListType::create(text), script_names(vocabulary));
    register_script_attribute(module, what + "_index", c10::DictType::create(text, c10::IntType::get()),
                              script_index(vocabulary));
}

/// "layers.0.weight" as an expression; getattr also takes names that are no identifiers.
std::string attribute_expression(const std::string& path) {
    std::string expression = "self";
    for (size_t begin = 0; begin <= path.size();) {
        const size_t end = std::min(path.find('.', begin), path.size());
        expression = "getattr(" + expression + ", \"" + path.substr(begin, end - begin) + "\")";
        begin = end + 1;
    }
    return expression;
}

std::string similar_source(const std::string& item_factors) {
    constexpr std::string_view kPlaceholder = "ITEM_FACTORS";
    std::string source = kSimilar;
    return source.replace(source.find(kPlaceholder), kPlaceholder.size(), attribute_expression(item_factors));
}

}  // namespace

std::string item_factors_name(const Module& module, int64_t n_items, const ExportOptions& options) {
    std::vector<std::string> candidates;
    for (const auto& parameter : module.named_parameters()) {
        const at::Tensor& value = parameter.value;
        if (value.dim() == 2 && value.size(0) == n_items && value.size(1) > 1) candidates.push_back(parameter.name);
    }
    const auto has = [&](const std::string& name) {
        return std::find(candidates.begin(), candidates.end(), name) != candidates.end();
    };
    if (!options.item_factors.empty()) {
        require(has(options.item_factors), "The model has no 2-d parameter '", options.item_factors,
                "' with a row for each of the ", n_items, " items",
                candidates.empty() ? ", nor any other" : name_hint(options.item_factors, candidates));
        return options.item_factors;
    }
    for (const char* name : {"item_factors.weight", "embeds.1.weight"}) {
        if (has(name)) return name;
    }
    return candidates.size() == 1 ? candidates.front() : "";
}

void add_collab_methods(Module& module, const CollabData& data, const ExportOptions& options) {
    require_free_names(module, {"predict", "recommend", "similar"});
    const std::string item_factors = item_factors_name(module, data.items.size(), options);
    register_vocabulary(module, "user", data.users);
    register_vocabulary(module, "item", data.items);
    if (options.include_rated) register_script_tensors(module, "rated", {data.rated().offsets, data.rated().items});

    module.define(kPredict);
    module.define(kHighest);
    module.define(std::string(kRecommend) + (options.include_rated ? kLeaveOutRated : "") + kRank);
    if (!item_factors.empty()) module.define(similar_source(item_factors));
}

}  // namespace embark
