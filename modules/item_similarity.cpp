#include "item_similarity.h"

#include <utility>
#include <vector>

#include <torch/torch.h>

#include "../core/detail/parallel.h"
#include "../core/error.h"
#include "detail/bag_sums.h"

namespace embark {

namespace {

/// Xᵀ X: of two items how many users had both, (items, items) float64.
at::Tensor counts_of_both(const Bags& histories, int64_t n_items) {
    require(n_items <= kMostSimilarItems, "Weights between ", n_items, " items would take ", n_items * n_items / 250'000'000,
            " GB; with more than ", kMostSimilarItems, " items, take another model");
    const int64_t n_users = histories.offsets.numel() - 1;
    const int64_t *offsets = histories.offsets.const_data_ptr<int64_t>(), *items = histories.indices.const_data_ptr<int64_t>();
    std::vector<std::vector<int64_t>> users_of(static_cast<size_t>(n_items));
    for (int64_t user = 0; user < n_users; ++user) {
        for (int64_t i = offsets[user]; i < offsets[user + 1]; ++i) users_of[static_cast<size_t>(items[i])].push_back(user);
    }
    const at::Tensor counts = at::zeros({n_items, n_items}, at::kDouble);
    double* all = counts.mutable_data_ptr<double>();
    parallel_for(n_items, 16, [&](int64_t begin, int64_t end) {
        for (int64_t item = begin; item < end; ++item) {
            double* row = all + item * n_items;
            for (const int64_t user : users_of[static_cast<size_t>(item)]) {
                for (int64_t i = offsets[user]; i < offsets[user + 1]; ++i) row[items[i]] += 1;
            }
        }
    });
    return counts;
}

}  // namespace

at::Tensor ease_weights(const Bags& histories, int64_t n_items, double l2) {
    require<UsageError>(l2 > 0, "Invalid l2 of EASE ", l2, ": it must be above 0");
    const at::NoGradGuard no_grad;
    at::Tensor counts = counts_of_both(histories, n_items);
    counts.diagonal().add_(l2);
    const auto [lower, failed] = at::linalg_cholesky_ex(counts);
    require(failed.item<int64_t>() == 0, "EASE has no solution with an l2 of ", l2, ": items that the same users had cannot be "
            "told apart with so small a one; some 100 is usual");
    const at::Tensor inverse = at::cholesky_inverse(lower);
    at::Tensor weights = inverse.div_(-inverse.diagonal().clone().unsqueeze(0));
    weights.diagonal().zero_();
    return weights.to(at::kFloat);
}

at::Tensor item_knn_weights(const Bags& histories, int64_t n_items, int64_t neighbours, double shrink) {
    require<UsageError>(neighbours >= 1, "Invalid number of neighbours ", neighbours, ": at least 1 is needed");
    require<UsageError>(shrink >= 0, "Invalid shrink ", shrink, ": at least 0 is needed");
    const at::NoGradGuard no_grad;
    at::Tensor similar = counts_of_both(histories, n_items);
    const at::Tensor norms = similar.diagonal().sqrt();
    // An item that nobody had is not similar to any, with shrink or without.
    similar.div_((norms.unsqueeze(1) * norms.unsqueeze(0) + shrink).clamp_min_(1e-12));
    similar.diagonal().zero_();
    const at::Tensor lowest = std::get<0>(similar.topk(std::min(neighbours, n_items), 0)).select(0, std::min(neighbours, n_items) - 1);
    return similar.masked_fill_(similar < lowest.unsqueeze(0), 0).to(at::kFloat);
}

ItemSimilarityImpl::ItemSimilarityImpl(Bags histories, at::Tensor weights)
    : item_weights(std::move(weights)), histories_(std::move(histories)) {
    require<UsageError>(item_weights.dim() == 2 && item_weights.size(0) == item_weights.size(1),
                        "Weights between items must be (items, items), not ", item_weights.sizes());
    reset();
}

void ItemSimilarityImpl::reset() {
    item_weights = register_buffer("item_weights", item_weights.detach().clone());
    histories_ = {register_buffer("history_offsets", histories_.offsets.clone()),
                  register_buffer("history_indices", histories_.indices.clone()),
                  register_buffer("history_weights", at::ones_like(histories_.weights))};
}

void ItemSimilarityImpl::pretty_print(std::ostream& stream) const {
    stream << "ItemSimilarity(n_items=" << n_items() << ")";
}

at::Tensor ItemSimilarityImpl::forward(const at::Tensor& x) {
    require(x.dim() == 2 && x.size(1) == 2 && x.scalar_type() == at::kLong,
            "An ItemSimilarity takes users and items as int64 (n, 2), not ", x.dtype().name(), " ", x.sizes());
    // One weight for each row and each item of its user's history, then added up by row.
    const Bags lists = with_integers(histories_);
    const auto users = x.select(1, 0), first = lists.offsets.index_select(0, users);
    const auto lengths = lists.offsets.index_select(0, users + 1) - first;
    const auto rows = at::repeat_interleave(lengths);
    const auto places = at::ones_like(rows).cumsum(0) - 1 + (first - lengths.cumsum(0) + lengths).index_select(0, rows);
    const auto weights = item_weights.index({lists.indices.index_select(0, places), x.select(1, 1).index_select(0, rows)});
    return at::zeros_like(first, weights.options()).index_add(0, rows, weights).unsqueeze(1);
}

at::Tensor ItemSimilarityImpl::scores(const at::Tensor& users) {
    const at::NoGradGuard no_grad;
    return bag_sums(histories_, users, item_weights);
}

at::Tensor ItemSimilarityImpl::new_user_scores(const at::Tensor& items) {
    const at::NoGradGuard no_grad;
    return item_weights.index_select(0, items).sum(0);
}

}  // namespace embark
