// What an exported file of ratings has besides the model: methods on raw values, and their attributes.
#include <algorithm>
#include <string_view>
#include <vector>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../loaders/detail/script_attributes.h"
#include "../../loaders/detail/spelling_script.h"
#include "../collab.h"

namespace embark {

namespace {

// Methods in TorchScript, which Python and C++ read alike. They compute what CollabLearner
// does, operation by operation, so that both give the same numbers in the same order.

constexpr const char* kNumber = R"(
def _embark_number(self, name: str, index: Dict[str, int], spelling: int) -> int:
    number = index.get(name, 0)
    return index.get(self._embark_spell(name, spelling), 0) if number == 0 and spelling > 0 else number
)";

constexpr const char* kPredict = R"(
def predict(self, users: List[str], items: List[str]) -> Tensor:
    assert len(users) == len(items), "predict needs one item for each user, but got {} users and {} items".format(len(users), len(items))
    x: List[int] = []
    for i in range(len(users)):
        x.append(self._embark_number(users[i], self._embark_user_index, self._embark_user_spelling))
        x.append(self._embark_number(items[i], self._embark_item_index, self._embark_item_spelling))
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
    row = self._embark_number(user, self._embark_user_index, self._embark_user_spelling)
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
    index = self._embark_number(item, self._embark_item_index, self._embark_item_spelling)
    assert index > 0, "there is no item '{}'".format(item)
    factors = ITEM_FACTORS
    directions = factors / factors.norm(2, 1, keepdim=True).clamp_min(1e-12)
    scores = directions.mv(directions[index])
    keep = torch.arange(len(self._embark_items)) > 0
    keep[index] = False
    return self._embark_highest(scores, keep, k)
)";

// Beside the model's own tensors and submodules, which may have these names.
struct OptionalMethod {
    const char *name, *source;
};
constexpr OptionalMethod kOptional[] = {
    {"users", R"(
def users(self) -> List[str]:
    return self._embark_users[1:]
)"},
    {"items", R"(
def items(self) -> List[str]:
    return self._embark_items[1:]
)"},
    {"knows_user", R"(
def knows_user(self, user: str) -> bool:
    return self._embark_number(user, self._embark_user_index, self._embark_user_spelling) > 0
)"},
    // What EncodingCounts has.
    {"encoding_counts", R"(
def encoding_counts(self, users: List[str], items: List[str]) -> Dict[str, Dict[str, int]]:
    unknown: Dict[str, int] = {}
    of_users = self._embark_count_unknown(users, self._embark_user_index, self._embark_user_spelling)
    of_items = self._embark_count_unknown(items, self._embark_item_index, self._embark_item_spelling)
    for name, n in zip(self._embark_inputs, [of_users, of_items]):
        if n > 0:
            unknown[name] = n
    none: Dict[str, int] = {}
    return {"unknown": unknown, "filled": none, "unreadable": none.copy()}
)"}};

/// The names of a vocabulary in order, the number of each, and how they are spelled.
void add_vocabulary(ExportContext& file, const std::string& what, const Vocabulary& vocabulary) {
    file.attribute("_embark_" + what + "s", script_names(vocabulary));
    file.attribute("_embark_" + what + "_index", script_index(vocabulary));
    file.attribute("_embark_" + what + "_spelling", static_cast<int64_t>(vocabulary.spelling()));
}

/// Whether the model answers encoded users and items with a number a row.
bool rates_pairs(const ExportContext& file) {
    const Tensors outputs = file.forward({at::zeros({3, 2}, at::kLong)});
    return outputs.size() == 1 && outputs.front().numel() == 3;
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

/// The parameter that has the factors of the items, one row each, for `similar`: the one that `options.item_factors`
/// names; else `item_factors.weight` or `embeds.1.weight`, as Embark's own models call it; else the one 2-d parameter
/// with a row for each item and more than one column. Empty where none or several fit; Error where the named one does
/// not, with those that do.
std::string item_factors_name(const ExportContext& file, int64_t n_items) {
    std::vector<std::string> candidates;
    for (const auto& [name, value] : file.parameters()) {
        if (value.dim() == 2 && value.size(0) == n_items && value.size(1) > 1) candidates.push_back(name);
    }
    const auto has = [&](const std::string& name) {
        return std::find(candidates.begin(), candidates.end(), name) != candidates.end();
    };
    const std::string& wanted = file.options().item_factors;
    if (!wanted.empty()) {
        require(has(wanted), "The model has no 2-d parameter '", wanted, "' with a row for each of the ", n_items,
                " items", candidates.empty() ? ", nor any other" : name_hint(wanted, candidates));
        return wanted;
    }
    for (const char* name : {"item_factors.weight", "embeds.1.weight"}) {
        if (has(name)) return name;
    }
    return candidates.size() == 1 ? candidates.front() : "";
}

}  // namespace

void CollabData::export_to(ExportContext& file) const {
    if (!rates_pairs(file)) return;
    for (const char* method : {"predict", "recommend", "similar"}) file.require_free(method);
    const std::string item_factors = item_factors_name(file, items.size());
    const bool include_rated = file.options().include_rated;
    add_vocabulary(file, "user", users);
    add_vocabulary(file, "item", items);
    file.attribute("_embark_inputs", c10::List<std::string>({user_name, item_name}));
    if (include_rated) file.attribute("_embark_rated", script_tensors({rated().offsets, rated().items}));

    add_spelling_methods(file);
    file.define(kNumber);
    file.define(kPredict);
    file.define(kHighest);
    file.define(std::string(kRecommend) + (include_rated ? kLeaveOutRated : "") + kRank);
    if (!item_factors.empty()) file.define(similar_source(item_factors));
    for (const OptionalMethod& method : kOptional) {
        if (file.is_free(method.name)) file.define(method.source);
    }
    file.describe({.kind = "collab",
                   .inputs = {user_name, item_name},
                   .outputs = {rating_name},
                   .vocabulary_sizes = {{user_name, users.size()}, {item_name, items.size()}}});
}

std::string CollabData::fitted() const {
    nlohmann::json fitted = {{"users", users.names()},
                             {"items", items.names()},
                             {"spelling", {to_string(users.spelling()), to_string(items.spelling())}}};
    if (!days.empty()) fitted["days"] = {days.first(), days.n_days(), days.n_user_days()};
    if (user_features.size() > 0) fitted["user_features"] = user_features.names;
    if (item_features.size() > 0) fitted["item_features"] = item_features.names;
    return fitted.dump();
}

}  // namespace embark
