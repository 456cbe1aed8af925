#include "ranking_form.h"

#include <string>

#include <torch/torch.h>

#include "../../../core/error.h"
#include "../../../data/loaders/detail/script_attributes.h"
#include "../../../modules/factorization_model.h"
#include "../../../modules/ranking_model.h"
#include "../../../predictor/detail/collab_file.h"

namespace embark {

namespace {

/// How a file scores items for somebody known by items: its name in the file, the tensors and the method of it, which is
/// ItemScorer::new_user_scores operation by operation.
struct NewUserForm {
    const char* name = "";
    Tensors parts = {};
    const char* method = "";
};

constexpr const char* kByHistory = R"(
def _embark_new_user_scores(self, items: Tensor) -> Tensor:
    user = self._embark_new_user_parts[0].index_select(0, items).sum(0) * float(items.numel()) ** -0.5
    return self.item_factors.weight.mv(user) + self.item_bias.weight.reshape(-1)
)";

constexpr const char* kByLeastSquares = R"(
def _embark_new_user_scores(self, items: Tensor) -> Tensor:
    alpha, held_back = self._embark_new_user_parts[0], self._embark_new_user_parts[1]
    exact = self.item_factors.weight.double()
    seen = exact.index_select(0, items)
    left = exact.t().mm(exact) + alpha * seen.t().mm(seen) + held_back
    user = torch.linalg_solve(left, (1 + alpha) * seen.sum(0))
    return exact.mv(user).float() + self.item_bias.weight.reshape(-1)
)";

constexpr const char* kByPopularity = R"(
def _embark_new_user_scores(self, items: Tensor) -> Tensor:
    return self.item_bias.weight.reshape(-1)
)";

constexpr const char* kByItems = R"(
def _embark_new_user_scores(self, items: Tensor) -> Tensor:
    return self.item_weights.index_select(0, items).sum(0)
)";

constexpr const char* kRecommendForItems = R"(
def recommend_for(self, items: List[str], k: int = 10) -> Tuple[List[str], Tensor]:
    assert len(items) > 0, "recommend_for needs at least one item"
    assert k > 0, "invalid number of results {}: at least 1 is needed".format(k)
    keep = torch.arange(len(self._embark_items)) > 0
    numbers: List[int] = []
    for item in items:
        number = self._embark_number(item, self._embark_item_index, self._embark_item_spelling)
        assert number > 0, "there is no item '{}'".format(item)
        assert bool(keep[number]), "the item '{}' is given twice".format(item)
        keep[number] = False
        numbers.append(number)
    return self._embark_highest(self._embark_new_user_scores(torch.tensor(numbers)), keep, k)
)";

NewUserForm new_user_form(ItemScorer& scorer) {
    if (!scorer.knows_new_users()) return {};
    const auto* model = dynamic_cast<RankingModelImpl*>(&scorer);
    if (model == nullptr) return {"items", {}, kByItems};
    if (model->history_factors) return {"history", {model->history_factors->weight.detach().cpu().clone()}, kByHistory};
    const auto& options = model->options;
    if (options.new_user_alpha <= 0) return {"popularity", {}, kByPopularity};
    const at::Tensor held_back = options.new_user_l2 * at::eye(options.n_factors, at::kDouble);
    return {"least squares", {at::scalar_tensor(options.new_user_alpha, at::kDouble), held_back}, kByLeastSquares};
}

}  // namespace

std::pair<Model, Tensors> ranking_form(const Model& model, ItemScorer& scorer, const at::Tensor& users) {
    const at::Tensor of_users = users.select(1, 0).cpu();
    const at::Tensor items = at::arange(of_users.numel(), at::kLong).remainder(scorer.n_items() - 1) + 1;
    Tensors example = {at::stack({of_users, items}, 1)};
    auto* from = dynamic_cast<RankingModelImpl*>(&scorer);
    if (from == nullptr) return {model, std::move(example)};
    const at::NoGradGuard no_grad;
    const bool was_training = from->is_training();
    from->eval();
    FactorizationModel sums(FactorizationOptions{.n_users = from->options.n_users,
                                                 .n_items = from->options.n_items,
                                                 .n_factors = from->options.n_factors,
                                                 .fused = false});
    const at::Tensor all = at::arange(from->options.n_users, from->item_bias->weight.options().dtype(at::kLong));
    sums->users.factors->weight.copy_(from->user_vectors(all));
    sums->items.factors->weight.copy_(from->item_vectors());
    sums->items.bias->weight.copy_(from->item_bias->weight);
    sums->eval();
    from->train(was_training);
    return {Model(sums), std::move(example)};
}

void add_ranking_methods(FileExport& file, ItemScorer& scorer) {
    if (file.description().value("kind", "") != "collab") return;
    require(file.options().include_rated || dynamic_cast<RankingModelImpl*>(&scorer) != nullptr,
            "A model of weights between items scores users by what they had, so that its file cannot leave that out "
            "(include_rated)");
    const NewUserForm form = new_user_form(scorer);
    file.attribute(kNewUserAttribute, std::string(form.name));
    if (std::string_view(form.name).empty() || !file.is_free("recommend_for")) return;
    if (!form.parts.empty()) file.attribute("_embark_new_user_parts", script_tensors(form.parts));
    file.define(form.method);
    file.define(kRecommendForItems);
}

}  // namespace embark
