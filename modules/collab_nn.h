#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/pimpl.h>

#include "tabular_model.h"

namespace embark {

/// fastai's EmbeddingNN: a TabularModel of categories alone, users and items and whatever else is known of a rating,
/// with one number as its output. x is (n, categories) int64, the result (n, 1). Parameters are named as the
/// TabularModel's: `embeds.0.weight` of the users, `embeds.1.weight` of the items, `layers.…`.
///
/// Throws UsageError for settings with numbers, members or other outputs, and where TabularModel does.
class EmbeddingNNImpl : public torch::nn::Cloneable<EmbeddingNNImpl> {
public:
    /// Throws UsageError as the class says.
    explicit EmbeddingNNImpl(TabularModelOptions options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// Ratings (n, 1) for x (n, categories).
    at::Tensor forward(const at::Tensor& x);

    TabularModelOptions options;  ///< what it was made with

private:
    TabularModel body_{nullptr};  // its parts are registered here, so that they have its names
};
TORCH_MODULE(EmbeddingNN);

/// Sizes of a CollabNN.
struct CollabNNOptions {
    /// Rows of the users' embedding, `#na#` at 0 included.
    int64_t n_users = 0;
    int64_t n_items = 0;  ///< rows of the items' embedding, `#na#` included
    /// Width of the users' embedding; 0: embedding_width's.
    int64_t user_width = 0;
    int64_t item_width = 0;  ///< width of the items' embedding, likewise
    /// Width of the hidden layer.
    int64_t n_act = 100;
    /// The predictions are brought into this range by sigmoid_range; empty: left as they are.
    Range y_range = {0, 5.5};
};

/// The course's network for ratings: the embeddings of user and item, side by side, through Linear, ReLU, Linear. x is
/// (n, 2) int64 of user and item, the result (n, 1).
///
/// Parameters: `user_factors.weight` (n_users, user_width), `item_factors.weight` (n_items, item_width),
/// `layers.0.weight`, `layers.0.bias`, `layers.2.weight`, `layers.2.bias`.
class CollabNNImpl : public torch::nn::Cloneable<CollabNNImpl> {
public:
    /// Throws UsageError for sizes that cannot be.
    explicit CollabNNImpl(const CollabNNOptions& options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// Ratings (n, 1) for x (n, 2).
    at::Tensor forward(const at::Tensor& x);

    CollabNNOptions options;                     ///< what it was made with, widths filled in
    torch::nn::Embedding user_factors{nullptr},  ///< the users' embedding
        item_factors{nullptr};                   ///< the items' embedding
    torch::nn::Sequential layers{nullptr};       ///< Linear, ReLU, Linear
};
TORCH_MODULE(CollabNN);

}  // namespace embark
