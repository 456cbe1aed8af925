#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/pimpl.h>

#include "layers.h"
#include "sharded_embedding.h"

namespace embark {

/// Sizes of a DotProduct or DotProductBias.
struct DotProductOptions {
    /// Rows of the users' embedding, `#na#` at 0 included.
    int64_t n_users = 0;
    int64_t n_items = 0;     ///< rows of the items' embedding, `#na#` included
    int64_t n_factors = 50;  ///< width of the embeddings
    /// The predictions are brought into this range by sigmoid_range; empty: left as they are.
    Range y_range = {};
};

/// Matrix factorisation without biases: rating = Σ_f user_factors[u, f] · item_factors[i, f], in `y_range` where one is
/// given. x is (n, 2) int64 of user and item, the result (n, 1).
///
/// Parameters: `user_factors.weight` (n_users, n_factors), `item_factors.weight` (n_items, n_factors).
class DotProductImpl : public torch::nn::Cloneable<DotProductImpl> {
public:
    /// Throws UsageError for sizes that cannot be.
    explicit DotProductImpl(const DotProductOptions& options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// Ratings (n, 1) for x (n, 2).
    at::Tensor forward(const at::Tensor& x);

    DotProductOptions options;                   ///< what it was made with
    torch::nn::Embedding user_factors{nullptr},  ///< the users' embedding
        item_factors{nullptr};                   ///< the items' embedding
};
TORCH_MODULE(DotProduct);

/// DotProduct with a bias for each user and each item: Σ_f u_f · i_f + user_bias[u] + item_bias[i], in `y_range` where
/// one is given (fastai's EmbeddingDotBias). x is (n, 2) int64 of user and item, the result (n, 1).
///
/// Parameters: as DotProduct's, and `user_bias.weight` (n_users, 1), `item_bias.weight` (n_items, 1).
class DotProductBiasImpl : public torch::nn::Cloneable<DotProductBiasImpl> {
public:
    /// Throws UsageError for sizes that cannot be.
    explicit DotProductBiasImpl(const DotProductOptions& options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// Ratings (n, 1) for x (n, 2).
    at::Tensor forward(const at::Tensor& x);

    DotProductOptions options;                   ///< what it was made with
    torch::nn::Embedding user_factors{nullptr},  ///< (n_users, n_factors)
        user_bias{nullptr},                      ///< (n_users, 1)
        item_factors{nullptr},                   ///< (n_items, n_factors)
        item_bias{nullptr};                      ///< (n_items, 1)
};
TORCH_MODULE(DotProductBias);

/// DotProductBias, or DotProduct where `bias` is false, with tables that are split by rows over the processes that
/// train together (see ShardedEmbedding): the same numbers, first values and parameters.
class ShardedDotProductImpl : public torch::nn::Cloneable<ShardedDotProductImpl> {
public:
    /// Throws UsageError for sizes that cannot be.
    explicit ShardedDotProductImpl(const DotProductOptions& options, bool bias = true);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// Ratings (n, 1) for x (n, 2). All processes must call it together.
    at::Tensor forward(const at::Tensor& x);

    DotProductOptions options;               ///< what it was made with
    bool bias = true;                        ///< whether it has biases
    ShardedEmbedding user_factors{nullptr},  ///< (n_users, n_factors)
        user_bias{nullptr},                  ///< (n_users, 1); empty without biases
        item_factors{nullptr},               ///< (n_items, n_factors)
        item_bias{nullptr};                  ///< (n_items, 1); empty without biases
};
TORCH_MODULE(ShardedDotProduct);

}  // namespace embark
