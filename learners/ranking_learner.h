#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../data/collab/interaction_loaders.h"
#include "../data/collab/interactions.h"
#include "../metrics/top_k_metrics.h"
#include "../modules/implicit_als.h"
#include "../modules/item_scorer.h"
#include "../predictor/scored.h"
#include "learner.h"

namespace embark {

/// How items are ranked for users.
enum class RankingKind {
    dot,         ///< a vector for each user and item, trained
    bag,         ///< the user is the sum of the items that they had, trained; serves users whom training did not see
    two_tower,   ///< bag, with what tables say of users and items added to both sides, trained
    popularity,  ///< the items with the most events, for everybody; what the others must be better than
    item_knn,    ///< items most like those that the user had; see item_knn_weights
    ease,        ///< a linear model of each item by all others; see ease_weights
    ials,        ///< alternating least squares; see implicit_als
};

/// "dot", "bag", "two-tower", "popularity", "item-knn", "ease", "ials". Throws UsageError for another name.
RankingKind ranking_kind_of(const std::string& name);
/// Whether a model of that kind is trained by fit(); the others are solved when they are made.
bool is_trained(RankingKind kind);

/// What a trained model learns from.
enum class RankingLoss {
    softmax,  ///< over all items: catalogue_softmax_loss, for up to some 50,000 items
    sampled,  ///< over negatives: sampled_softmax_loss, for more items
    bpr,      ///< bpr_loss
    bce,      ///< negatives_bce_loss
};

/// "softmax", "sampled", "bpr" or "bce". Throws UsageError for another name.
RankingLoss ranking_loss_of(const std::string& name);

/// What model ranking_learner makes.
struct RankingOptions {
    RankingKind kind = RankingKind::bag;      ///< what scores the items
    RankingLoss loss = RankingLoss::softmax;  ///< of trained models
    /// Of trained models: width of the vectors.
    int64_t n_factors = 64;
    double history_dropout = 0.7;  ///< of trained models: the share of a user's items that a step leaves out of the bag
    /// Of losses other than softmax.
    NegativeOptions negatives = {};
    InteractionBatches batches = {};  ///< how users or pairs become batches
    /// Of item_knn.
    int64_t neighbours = 100;
    double shrink = 10;  ///< of item_knn: see item_knn_weights
    /// Of ease.
    double ease_l2 = 400;
    ImplicitAlsOptions als = {};  ///< of implicit ALS
};

/// Figures of the measured part, and those of popularity beside them, by the metrics' names.
struct RankingFigures {
    std::map<std::string, double> values,  ///< of the learner's model
        popularity;                        ///< of the items' popularity
    int64_t users = 0;                     ///< how many were measured
};

/// A Learner for interactions, which ranks items in raw values.
class RankingLearner : public Learner {
public:
    /// Of a model whose module is an ItemScorer; ranking_learner() makes one by its options.
    RankingLearner(Interactions events, DataLoaders dls, Model model, LearnerOptions options);

    /// What it learns from and is measured on.
    const Interactions& events() const { return events_; }
    /// What scores the items.
    ItemScorer& scorer() const;

    /// Over all items, but those that a user had in training, of the users of the measured part. Throws Error where
    /// nothing can be measured.
    RankingFigures measure(const std::vector<TopKMetric>& metrics) const;
    /// The same by the metrics' names, with commas between them; see top_k_metrics().
    RankingFigures measure(const std::string& metrics = "ndcg@10,recall@20") const { return measure(top_k_metrics(metrics)); }

    /// The `k` items that rank first for the user, without those that they had in training; for an unknown user what the
    /// model says of somebody of whom nothing is known.
    std::vector<Scored> recommend(const std::string& user, int64_t k = 10) const;
    /// The same for somebody whom training did not see, known by the items that they had, which are left out. Throws
    /// Error for an item that is unknown or given twice, and UsageError for none, and where the model has no answer.
    std::vector<Scored> recommend_for(const std::vector<std::string>& items, int64_t k = 10) const;
    /// For `users` (n) int64, encoded, the `k` first, without those of training.
    TopItems recommend_all(const at::Tensor& users, int64_t k) const;
    /// The `k` items nearest to `item` by cosine similarity of their vectors, itself left out. Throws Error for an
    /// unknown item, and names near ones, and UsageError where items have no vectors.
    std::vector<Scored> similar_items(const std::string& item, int64_t k = 10) const;

private:
    Interactions events_;
};

/// A learner that ranks items: a model of the options' kind with its loss, in the place of the options' own. Models that
/// are solved are so at once, and fit() has nothing to do. Throws UsageError for settings that cannot be, and where
/// two_tower has no table of users or items.
///
///     auto learn = ranking_learner(events, {.kind = RankingKind::ease});
///     learn.measure("ndcg@10").values
RankingLearner ranking_learner(const Interactions& events, const RankingOptions& model = {}, LearnerOptions options = {});

}  // namespace embark
