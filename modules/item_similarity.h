#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "../core/bags.h"
#include "item_scorer.h"

namespace embark {

/// Weights between items, (items, items) float32: how much an item that a user had, the row, speaks for another, the
/// column. Histories are the items of each user, each once, 0 not among them; those weights do not count. The matrix
/// takes 4 bytes · items², and solving it 16 meanwhile; both throw Error for more than kMostSimilarItems items.
inline constexpr int64_t kMostSimilarItems = 30'000;

/// EASE (Steck 2019): the linear model of each item by all others with the smallest squared error, with L2 `l2`.
/// B = I − P · diag(P)⁻¹ with P = (Xᵀ X + l2 · I)⁻¹, in float64. Throws Error
/// where l2 is too small for that.
at::Tensor ease_weights(const Bags& histories, int64_t n_items, double l2 = 400);

/// Cosine similarity of the items' users, Xᵀ X / (|x_i| |x_j| + shrink), of which each column keeps the `neighbours`
/// highest, and those equal to the last of them.
at::Tensor item_knn_weights(const Bags& histories, int64_t n_items, int64_t neighbours = 100, double shrink = 10);

/// Scores items by those that a user had: score(u, i) = Σ_{j in the history of u} weights[j, i].
///
/// forward takes x (n, 2) int64 of users and items and gives (n, 1) scores.
class ItemSimilarityImpl : public torch::nn::Cloneable<ItemSimilarityImpl>, public ItemScorer {
public:
    /// Throws UsageError where sizes do not agree.
    ItemSimilarityImpl(Bags histories, at::Tensor weights);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// Scores (n, 1) for x (n, 2).
    at::Tensor forward(const at::Tensor& x);

    int64_t n_items() const override { return item_weights.size(0); }
    at::Tensor scores(const at::Tensor& users) override;
    bool knows_new_users() const override { return true; }
    at::Tensor new_user_scores(const at::Tensor& items) override;

    /// A buffer: it is solved, not trained.
    at::Tensor item_weights;

private:
    Bags histories_;
};
TORCH_MODULE(ItemSimilarity);

}  // namespace embark
