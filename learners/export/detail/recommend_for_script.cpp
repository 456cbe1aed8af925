#include "recommend_for_script.h"

#include <string>

#include <ATen/ATen.h>

#include "../../../core/text.h"
#include "../../../data/loaders/detail/script_attributes.h"

namespace embark {

namespace {

// FactorizationModelImpl::new_user_predictions, operation by operation.
constexpr const char* kNewUser = R"(
def _embark_new_user(self, items: Tensor, ratings: Tensor) -> Tensor:
    factors, bias, rated_factors, rated_bias, prior, numbers = self._embark_new_user_parts
    share = float(items.numel()) ** -0.5
    rated, rated_b = rated_factors.index_select(1, items) * share, rated_bias.index_select(1, items) * share
    sums, sums_b = rated.sum(1, keepdim=True), rated_b.sum(1, keepdim=True)
    seen = factors.index_select(1, items)
    left = ratings - numbers[0] - bias.index_select(1, items) - (sums_b - rated_b) - ((sums - rated) * seen).sum(2)
    known = torch.cat([seen, torch.ones_like(seen[:, :, :1])], 2)
    own = torch.linalg_solve(known.transpose(1, 2).matmul(known) + prior, known.transpose(1, 2).matmul(left.unsqueeze(2)))
    user = sums.transpose(1, 2) + own[:, :-1]
    scores = numbers[0] + sums_b + own[:, -1] + bias + factors.matmul(user).squeeze(2)
    return torch.clamp(scores, numbers[1], numbers[2]).mean(0)
)";

constexpr const char* kRecommendFor = R"(
def recommend_for(self, items: List[str], ratings: List[float], k: int = 10) -> Tuple[List[str], Tensor]:
    assert len(items) == len(ratings), "recommend_for needs one rating for each item, but got {} items and {} ratings".format(len(items), len(ratings))
    assert len(items) > 0, "recommend_for needs at least one item with its rating"
    assert k > 0, "invalid number of results {}: at least 1 is needed".format(k)
    bounds = self._embark_new_user_parts[5]
    low, high = float(bounds[1]), float(bounds[2])
    keep = torch.arange(len(self._embark_items)) > 0
    numbers: List[int] = []
    for i in range(len(items)):
        number = self._embark_number(items[i], self._embark_item_index, self._embark_item_spelling)
        assert number > 0, "there is no item '{}'".format(items[i])
        assert bool(keep[number]), "the item '{}' is given twice".format(items[i])
        assert ratings[i] > -1e300 and ratings[i] < 1e300, "the rating of '{}' is not a finite number".format(items[i])
        assert ratings[i] >= 2 * low - high and ratings[i] <= 2 * high - low, "the rating of '{}' is {}, and those of the training data go from {} to {}".format(items[i], ratings[i], low, high)
        keep[number] = False
        numbers.append(number)
    scores = self._embark_new_user(torch.tensor(numbers), torch.tensor(ratings, dtype=7)).float()
    return self._embark_highest(scores, keep, k)
)";

}  // namespace

void add_recommend_for(FileExport& file, FactorizationModelImpl& model) {
    if (file.description().value("kind", "") != "collab" || !model.knows_new_users() || !file.is_free("recommend_for")) {
        return;
    }
    file.attribute("_embark_new_user_parts", script_tensors(model.new_user_parts()));
    file.define(kNewUser);
    file.define(kRecommendFor);
}

}  // namespace embark
