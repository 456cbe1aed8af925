#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "../core/range.h"
#include "../core/warning.h"
#include "../data/collab/collab.h"
#include "../predictor/scored.h"
#include "learner.h"

namespace embark {

/// What model collab_learner makes.
struct CollabModelOptions {
    int64_t n_factors = 50;  ///< width of the vectors of users and items
    /// Predictions are kept in this range, best a little wider than the ratings'; empty: unbounded.
    Range y_range = {};
    /// DotProductBias; false: DotProduct.
    bool bias = true;
    /// A prediction is the mean of the training ratings at first, rather than the middle of y_range or 0: the items'
    /// biases begin there. A model without these begins as it is.
    bool start_at_mean = false;
    /// Add up what each user rated and who rated each item; see FactorizationModel, which is also the model where the
    /// ratings have times or tables of users or items, and for what follows.
    bool implicit_sums = false;
    /// Predictions are clipped to y_range, and in training as they are; false: brought there by a sigmoid.
    bool clip = false;
    /// A mean of so many models that are trained side by side, each on batches of its own: the learner's loaders go
    /// through the ratings once for each (see DataLoaderOptions::passes), which must be in memory.
    int64_t members = 1;
    /// Standard deviation of a FactorizationModel's factors at first.
    double init_std = 0.01;
    /// Split the tables by rows over the processes that train together (see ShardedEmbedding), for more users or items
    /// than fit one, with lazy updates (see EmbeddingUpdate). All processes must then call what looks rows up:
    /// predict(), recommend() and what follows it too, validate(), save() and export_torchscript().
    bool shard_tables = false;
    /// EmbeddingNN rather than a dot product; what follows is for it alone.
    bool use_nn = false;
    /// Widths of the hidden layers; empty: one of n_factors, as in fastai.
    std::vector<int64_t> layers = {};
    /// Width of the users' embedding; 0: embedding_width's, by how many there are.
    int64_t user_width = 0;
    int64_t item_width = 0;  ///< width of the items' embedding, likewise
    /// Dropout after each hidden layer: none, one number for all, or one each.
    std::vector<double> ps = {};
    double embed_p = 0;  ///< dropout of the embeddings
};

/// A Learner for ratings that answers in raw values.
class CollabLearner : public Learner {
public:
    /// Of a model that takes the loaders' batches; collab_learner() makes one by its options. `warnings` are what
    /// warnings() gives.
    CollabLearner(CollabDataLoaders dls, Model model, LearnerOptions options, std::vector<Warning> warnings = {});

    /// The loaders that Learner::dls() has, as what they are.
    const CollabDataLoaders& collab_dls() const { return collab_dls_; }
    /// What a user should know of the data and the model: `ratings_outside_range`, where training ratings lie outside
    /// y_range, which no prediction can leave.
    const std::vector<Warning>& warnings() const { return warnings_; }
    /// As Learner::set_dls; recommend() leaves out what users rated there.
    void set_dls(CollabDataLoaders dls);
    /// Throws UsageError: raw values are answered by what was fitted on CollabDataLoaders.
    void set_dls(DataLoaders dls) override;

    using Learner::predict;
    /// (n) predicted ratings. Unknown users and items are taken as `#na#`.
    at::Tensor predict(const std::vector<std::string>& users, const std::vector<std::string>& items);
    /// One predicted rating. (A template, so that a list in braces is never taken for a text.)
    template <std::convertible_to<std::string> User, std::convertible_to<std::string> Item>
    double predict(const User& user, const Item& item) {
        return predict_one(user, item);
    }

    /// The `k` items with the highest predicted rating among those that the user did not rate in training, best first;
    /// fewer where there are fewer.
    std::vector<Scored> recommend(const std::string& user, int64_t k = 10);

    /// The same for a user whom training did not see, known by ratings alone, as in
    /// `learn.recommend_for({{"Star Wars (1977)", 5}, {"Fargo (1996)", 2}})`; the items given are left out. Throws Error
    /// for an item that is unknown or given twice, for a rating of another scale, farther outside of the training ratings
    /// than these are apart, and UsageError where the model has no answer; see
    /// FactorizationModelImpl::new_user_predictions.
    std::vector<Scored> recommend_for(const std::vector<Scored>& ratings, int64_t k = 10);

    /// The `k` items nearest to `item` by cosine similarity of their factors, nearest first, itself left out. Throws
    /// Error for an unknown item, and names near ones.
    std::vector<Scored> similar_items(const std::string& item, int64_t k = 10);
    /// As similar_items, of users.
    std::vector<Scored> similar_users(const std::string& user, int64_t k = 10);

    /// All items by their bias, highest first. Throws Error where the model has none.
    std::vector<Scored> items_by_bias();

    /// Factors, (n, width), of all items by encoded number, `#na#` first: the parameter `item_factors.weight`, else an
    /// EmbeddingNN's embedding. Throws Error where the model has none.
    at::Tensor item_factors() const;
    /// Factors of all users, likewise: the parameter `user_factors.weight`, or the embedding.
    at::Tensor user_factors() const;
    /// Biases, (n), of all items by encoded number, `#na#` first. Throws Error where the model has none, as an
    /// EmbeddingNN and a DotProduct.
    at::Tensor item_bias() const;
    /// Biases, (n), of all users, likewise.
    at::Tensor user_bias() const;

private:
    double predict_one(const std::string& user, const std::string& item);
    at::Tensor parameter(const std::string& name) const;
    at::Tensor factors(const std::string& name, size_t column) const;
    CollabDataLoaders collab_dls_;
    std::vector<Warning> warnings_;
};

/// A learner for collaborative filtering, fastai's collab_learner: DotProductBias with MSE unless asked otherwise, as
/// in `collab_learner(dls, {.y_range = {0, 5.5}, .use_nn = true, .layers = {100, 50}})`. Throws UsageError for fewer
/// than one factor, a y_range that is reversed, sizes that EmbeddingNN refuses, and settings of a network without
/// use_nn.
CollabLearner collab_learner(CollabDataLoaders dls, const CollabModelOptions& model = {}, LearnerOptions options = {});

}  // namespace embark
