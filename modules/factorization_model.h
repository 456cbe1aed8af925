#pragma once

#include <string>
#include <vector>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/pimpl.h>

#include "../core/bags.h"
#include "../core/tensors.h"
#include "layers.h"

namespace embark {

/// What is added to the vectors of users or of items: Σ weight · table[index] over each row's bag. The table is trained;
/// the bags are buffers.
struct FactorizationTerm {
    /// Of its parameters: `<name>_factors.weight` and `<name>_bias.weight`.
    std::string name;
    Bags bags;  ///< a list for each user, or each item: which rows of the table, and with what weight
    /// Rows of the table.
    int64_t rows = 0;
    /// The bags hold the training ratings' own partners: in training a rating's own entry is left out, since with it the
    /// model would learn to read off which ratings it is asked for.
    bool leave_one_out = false;
};

/// Sizes and parts of a FactorizationModel.
struct FactorizationOptions {
    /// Rows of the users' embedding, `#na#` at 0 included.
    int64_t n_users = 0;
    int64_t n_items = 0;     ///< rows of the items' embedding, `#na#` included
    int64_t n_factors = 50;  ///< width of the vectors
    /// Added to every score.
    double offset = 0;
    /// Predictions are in this range; empty: as they are.
    Range y_range = {};
    /// How they come into it: predictions are clipped in eval mode, and in training as they are; false: by
    /// sigmoid_range.
    bool clip = true;
    /// Rows of the biases of days, 0 for the unknown one; 0: none of them.
    int64_t n_days = 0;
    int64_t n_user_days = 0;                         ///< rows of the biases of pairs of user and day, likewise
    std::vector<FactorizationTerm> user_terms = {},  ///< added to the users' vectors
        item_terms = {};                             ///< to the items'
    /// What the squares of a new user's own factors weigh against squared errors of the ratings that the user is known
    /// by.
    double new_user_decay = 18.75;
    double new_user_bias_decay = 4.375;  ///< what the square of the new user's bias weighs
    /// Models that are trained side by side, each from values of its own; a prediction is their mean.
    int64_t members = 1;
    /// Standard deviation of the factors at first; biases begin at 0.
    double init_std = 0.1;
    /// On the CPU go through all of it as one node of autograd, which is faster and has no second derivatives; false:
    /// operation by operation.
    bool fused = true;
};

/// Matrix factorisation in which the vectors of users and items are sums (SVD++, Koren 2008, for both sides; metadata as
/// in LightFM, Kula 2015; biases of days as in timeSVD, Koren 2009):
///
///     U_u = user_factors[u] + Σ_terms Σ_j weight · term_factors[j],     V_i likewise,
///     score = offset + b_u + b_i + b_day + b_(user, day) + U_u · V_i,
///
/// where b_u and b_i are sums of the same kind of the tables' biases. Without terms, days and members it is
/// DotProductBias. x is (n, 2) int64 of user and item, or (n, 4) with day and user-day too, without which their biases
/// are left out. The result is (n, 1): the mean of the members, but in training row i is member i % members' alone, so
/// that each is trained on rows of its own (see DataLoaderOptions::passes). Throws Error for an x of another shape, and
/// where its tables are to be updated lazily: sums touch rows that the batch does not name.
///
/// Parameters: `user_factors.weight` (n_users, members · n_factors), `user_bias.weight` (n_users, members), the same of
/// items and of each term, and `day_bias.weight`, `user_day_bias.weight`.
class FactorizationModelImpl : public torch::nn::Cloneable<FactorizationModelImpl> {
public:
    /// Throws UsageError for settings that can never be right.
    explicit FactorizationModelImpl(FactorizationOptions options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// Ratings (n, 1) for x (n, 2) or (n, 4).
    at::Tensor forward(const at::Tensor& x);

    /// Users or items.
    struct Side {
        torch::nn::Embedding factors{nullptr},  ///< vectors of their own
            bias{nullptr};                      ///< and biases
        /// A FactorizationTerm with its table.
        struct Term {
            torch::nn::Embedding factors{nullptr},  ///< the table's vectors
                bias{nullptr};                      ///< the table's biases
            Bags bags;                              ///< as FactorizationTerm's, registered as buffers
            bool leave_one_out = false;             ///< as FactorizationTerm's
        };
        std::vector<Term> terms;  ///< all that is added up
    };

    /// The model of the same predictions, those without a day, whose vectors are added up already: without terms, in
    /// eval mode. It has memory of its own.
    std::shared_ptr<FactorizationModelImpl> added_up();

    /// Whether a user whom training did not see can be known by ratings: where users have a term of what they rated,
    /// and no sigmoid stands between scores and predictions.
    bool knows_new_users() const;
    /// Predictions (n_items) in float64 for a user who is known by `ratings` (n, float64) of `items` (n, int64), each
    /// once: the term's sum as of a training user, and factors and a bias of the user's own that fit the ratings best,
    /// by ridge regression, each rating scored without its own entry in the sum, as in training. Throws UsageError
    /// where knows_new_users() is false.
    at::Tensor new_user_predictions(const at::Tensor& items, const at::Tensor& ratings);
    /// What that is computed of, in float64: the items' vectors (members, n_items, n_factors) and biases (members,
    /// n_items), the same of the term's table, the diagonal matrix that holds the user's own numbers back, and three
    /// numbers: offset and the ends of the range.
    Tensors new_user_parts();

    FactorizationOptions options;            ///< what it was made with
    Side users,                              ///< what users are made of
        items;                               ///< what items are made of
    torch::nn::Embedding day_bias{nullptr},  ///< (n_days, 1); empty without days
        user_day_bias{nullptr};              ///< (n_user_days, 1); empty without days

private:
    Side register_side(const std::string& name, int64_t rows, const std::vector<FactorizationTerm>& terms);
    torch::nn::Embedding table(const std::string& name, int64_t rows, int64_t width, double std);
    at::Tensor scores(const at::Tensor& x);
    const Side::Term* rated_term() const;
};
TORCH_MODULE(FactorizationModel);

}  // namespace embark
