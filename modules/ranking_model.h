#pragma once

#include <cstdint>
#include <vector>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/pimpl.h>

#include "../core/bags.h"
#include "item_scorer.h"

namespace embark {

/// Sizes and parts of a RankingModel.
struct RankingModelOptions {
    /// Rows of the users' embedding, `#na#` at 0 included.
    int64_t n_users = 0;
    int64_t n_items = 0;     ///< rows of the items' embedding, `#na#` included
    int64_t n_factors = 64;  ///< width of the vectors
    /// A vector of each user's own.
    bool user_factors = true;
    /// What each user had, to be added up; of no list: not added up.
    Bags histories = {};
    /// In training each entry of these is left out with this probability, so that the model learns to fill in what is
    /// missing.
    double history_dropout = 0;
    /// What is known of users besides, as rows of a table of it; of no list: nothing.
    Bags user_features = {}, item_features = {};  ///< what is known of items besides
    int64_t n_user_features = 0,                  ///< rows of the table of users' features
        n_item_features = 0;                      ///< rows of the table of items' features
    /// Standard deviation of the factors at first; biases begin at 0.
    double init_std = 0.1;
    /// Where above 0, users whom training did not see are known by ridge regression of what they had on the items'
    /// factors, as implicit_als has it: how much a pair counts, where others count 1.
    double new_user_alpha = 0, new_user_l2 = 0;  ///< and there the weight of the squares
};

/// Two towers of sums:
///
///     U_u = user_factors[u] + Σ_j weight · history_factors[j] + Σ_f weight · user_feature_factors[f]
///     V_i = item_factors[i] + Σ_f weight · item_feature_factors[f],     score = U_u · V_i + item_bias[i]
///
/// Of user_factors alone it is a dot product, of histories alone the user is the bag of the items that they had (as in
/// Liang et al. 2018, Mult-DAE, with a linear encoder), with features LightFM (Kula 2015).
///
/// forward takes x (n, 1 + m) int64 of users and items, and gives the scores (n, m); of users alone, (n, 1), it gives
/// what scores of all items are made of: U (n, n_factors), V (n_items, n_factors) and item_bias (n_items), for
/// catalogue_softmax_loss. Throws Error for an x of another shape.
class RankingModelImpl : public torch::nn::Cloneable<RankingModelImpl>, public ItemScorer {
public:
    /// Throws UsageError for settings that can never be right.
    explicit RankingModelImpl(RankingModelOptions options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// What the class says, for x, (n, 1 + m) or (n, 1).
    std::vector<at::Tensor> forward(const at::Tensor& x);

    /// The users' vectors U (n, n_factors) for `users` (n).
    at::Tensor user_vectors(const at::Tensor& users);
    /// All items' vectors V (n_items, n_factors).
    at::Tensor item_vectors();

    int64_t n_items() const override { return options.n_items; }
    at::Tensor scores(const at::Tensor& users) override;
    TopItems top(const at::Tensor& users, int64_t k, const RankedAmong& among) override;
    bool knows_new_users() const override;
    at::Tensor new_user_scores(const at::Tensor& items) override;

    RankingModelOptions options;                 ///< what it was made with
    torch::nn::Embedding user_factors{nullptr},  ///< (n_users, n_factors)
        item_factors{nullptr},                   ///< (n_items, n_factors)
        item_bias{nullptr},                      ///< (n_items, 1)
        history_factors{nullptr},                ///< one for each item of a history
        user_feature_factors{nullptr},           ///< one for each feature of users
        item_feature_factors{nullptr};           ///< one for each feature of items

private:
    torch::nn::Embedding table(const std::string& name, int64_t rows, int64_t width, double std);
    Bags lists(const std::string& name, const Bags& bags);
    Bags histories_, user_features_, item_features_;
};
TORCH_MODULE(RankingModel);

}  // namespace embark
