#include "ranking_learner.h"

#include <algorithm>
#include <utility>

#include <torch/torch.h>

#include "../core/error.h"
#include "../core/text.h"
#include "../modules/item_similarity.h"
#include "../modules/losses/ranking_losses.h"
#include "../modules/ranking_model.h"
#include "detail/best_items.h"

namespace embark {

namespace {

/// So many users are ranked at once.
constexpr int64_t kUsersAtOnce = 4096;

template <class T>
using Names = std::vector<std::pair<std::string, T>>;
const Names<RankingKind> kKinds = {
    {"dot", RankingKind::dot},           {"bag", RankingKind::bag},   {"two-tower", RankingKind::two_tower},
    {"popularity", RankingKind::popularity}, {"item-knn", RankingKind::item_knn}, {"ease", RankingKind::ease},
    {"ials", RankingKind::ials}};
const Names<RankingLoss> kLosses = {{"softmax", RankingLoss::softmax},
                                    {"sampled", RankingLoss::sampled},
                                    {"bpr", RankingLoss::bpr},
                                    {"bce", RankingLoss::bce}};

template <class T>
T named(const Names<T>& known, const char* what, const std::string& name) {
    std::vector<std::string> names;
    for (const auto& [other, value] : known) {
        if (other == name) return value;
        names.push_back(other);
    }
    fail<UsageError>("Unknown ", what, " '", name, "' of rankings", name_hint(name, names));
}

/// A module with vectors that were solved: its rows are not trained.
RankingModel solved(RankingModelOptions options, const at::Tensor& users, const at::Tensor& items,
                    const at::Tensor& bias) {
    RankingModel model(std::move(options));
    const at::NoGradGuard no_grad;
    if (users.defined()) model->user_factors->weight.copy_(users);
    if (items.defined()) model->item_factors->weight.copy_(items);
    if (bias.defined()) model->item_bias->weight.copy_(bias);
    for (at::Tensor& parameter : model->parameters()) parameter.set_requires_grad(false);
    return model;
}

/// In float32, as its parameters are.
RankingModel popularity_model(const Interactions& events) {
    return solved({.n_users = events.users().size(),
                   .n_items = events.items().size(),
                   .n_factors = 1,
                   .user_factors = false,
                   .init_std = 0},
                  {}, {}, events.popularity().unsqueeze(1));
}

RankingModel ials_model(const Interactions& events, const ImplicitAlsOptions& options) {
    const int64_t n_items = events.items().size();
    const ImplicitFactors factors = implicit_als(events.train().bags, n_items, options);
    return solved({.n_users = events.users().size(),
                   .n_items = n_items,
                   .n_factors = options.n_factors,
                   .new_user_alpha = options.alpha,
                   .new_user_l2 = options.l2},
                  factors.users, factors.items, {});
}

RankingModel trained_model(const Interactions& events, const RankingOptions& model) {
    const InteractionData& data = *events.data();
    const bool has_features = data.user_features.size() > 0 || data.item_features.size() > 0;
    const bool two_towers = model.kind == RankingKind::two_tower;
    require<UsageError>(!two_towers || has_features, "A model of two towers needs a table of users or of items; without one, "
                                                     "take bag");
    RankingModelOptions options = {.n_users = data.users.size(),
                                   .n_items = data.items.size(),
                                   .n_factors = model.n_factors,
                                   .user_factors = model.kind == RankingKind::dot};
    if (model.kind != RankingKind::dot) {
        options.histories = data.rated_bags();
        options.history_dropout = model.history_dropout;
    }
    if (two_towers && data.user_features.size() > 0) {
        options.user_features = data.user_features.bags;
        options.n_user_features = data.user_features.size();
    }
    if (two_towers && data.item_features.size() > 0) {
        options.item_features = data.item_features.bags;
        options.n_item_features = data.item_features.size();
    }
    return RankingModel(std::move(options));
}

Model model_of(const Interactions& events, const RankingOptions& model) {
    const Bags& histories = events.train().bags;
    const int64_t n_items = events.items().size();
    switch (model.kind) {
        case RankingKind::popularity: return Model(popularity_model(events));
        case RankingKind::item_knn:
            return Model(ItemSimilarity(histories, item_knn_weights(histories, n_items, model.neighbours, model.shrink)));
        case RankingKind::ease: return Model(ItemSimilarity(histories, ease_weights(histories, n_items, model.ease_l2)));
        case RankingKind::ials: return Model(ials_model(events, model.als));
        default: return Model(trained_model(events, model));
    }
}

Loss loss_named(RankingLoss loss) {
    switch (loss) {
        case RankingLoss::sampled: return sampled_softmax_loss();
        case RankingLoss::bpr: return bpr_loss();
        case RankingLoss::bce: return negatives_bce_loss();
        default: return catalogue_softmax_loss();
    }
}

/// Rankings of `users` without their lists.
RankedAmong without_lists(const Bags& lists, const at::Tensor& users) {
    RankedAmong among;
    among.leave_out(lists.offsets, lists.indices, users);
    return among;
}

/// The lists of `users`.
RelevantItems lists_of(const Bags& lists, const at::Tensor& users) {
    const at::Tensor lengths = lists.offsets.diff().index_select(0, users);
    Tensors parts;
    for (int64_t i = 0; i < users.numel(); ++i) {
        const int64_t user = users.const_data_ptr<int64_t>()[i];
        const int64_t begin = lists.offsets.const_data_ptr<int64_t>()[user];
        parts.push_back(lists.indices.narrow(0, begin, lengths.const_data_ptr<int64_t>()[i]));
    }
    return {at::cat({at::zeros({1}, at::kLong), lengths.cumsum(0)}), at::cat(parts)};
}

}  // namespace

RankingKind ranking_kind_of(const std::string& name) {
    return named(kKinds, "model", name);
}

bool is_trained(RankingKind kind) {
    return kind == RankingKind::dot || kind == RankingKind::bag || kind == RankingKind::two_tower;
}

RankingLoss ranking_loss_of(const std::string& name) {
    return named(kLosses, "loss", name);
}

RankingLearner::RankingLearner(Interactions events, DataLoaders dls, Model model, LearnerOptions options)
    : Learner(std::move(dls), std::move(model), std::move(options)), events_(std::move(events)) {}

ItemScorer& RankingLearner::scorer() const {
    model().module().eval();
    auto* scorer = dynamic_cast<ItemScorer*>(&model().module());
    require<UsageError>(scorer != nullptr, "A RankingLearner needs a module that is an ItemScorer");
    return *scorer;
}

TopItems RankingLearner::recommend_all(const at::Tensor& users, int64_t k) const {
    require<UsageError>(k >= 1, "Invalid number of results ", k, ": at least 1 is needed");
    return scorer().top(users, std::min(k, events_.items().size() - 1), without_lists(events_.train().bags, users));
}

RankingFigures RankingLearner::measure(const std::vector<TopKMetric>& metrics) const {
    const Bags &seen = events_.train().bags, &to_find = events_.test().bags;
    const int64_t n_items = events_.items().size() - 1, k = largest_k(metrics);
    RankingModel popularity = popularity_model(events_);
    TopKScores scores(metrics, n_items), of_popularity(metrics, n_items);
    for (const at::Tensor& users : (to_find.offsets.diff() > 0).nonzero().squeeze(1).split(kUsersAtOnce)) {
        if (users.numel() == 0) break;
        const RankedAmong among = without_lists(seen, users);
        const RelevantItems relevant = lists_of(to_find, users);
        scores.add(scorer().top(users, k, among).items, relevant);
        of_popularity.add(popularity->top(users, k, among).items, relevant);
    }
    return {scores.values(), of_popularity.values(), scores.users()};
}

std::vector<Scored> RankingLearner::recommend(const std::string& user, int64_t k) const {
    const at::Tensor number = at::full({1}, events_.users().index(user), at::kLong);
    return scored_items(recommend_all(number, k), events_.items());
}

std::vector<Scored> RankingLearner::recommend_for(const std::vector<std::string>& items, int64_t k) const {
    require<UsageError>(!items.empty(), "recommend_for needs at least one item");
    const Vocabulary& names = events_.items();
    at::Tensor allowed = at::ones({names.size()}, at::kBool);
    std::vector<int64_t> numbers;
    for (const std::string& item : items) {
        numbers.push_back(known_item(names, item));
        require(allowed[numbers.back()].item<bool>(), "The item '", item, "' is given twice");
        allowed[numbers.back()] = false;
    }
    return best_items(scorer().new_user_scores(at::tensor(numbers)), allowed, names, k);
}

std::vector<Scored> RankingLearner::similar_items(const std::string& item, int64_t k) const {
    auto* vectors = dynamic_cast<RankingModelImpl*>(&model().module());
    require<UsageError>(vectors != nullptr && vectors->options.n_factors > 1,
                        "Items have no vectors in this model; those of the models bag, two-tower, dot and ials have");
    const at::NoGradGuard no_grad;
    return nearest_items(events_.items(), vectors->item_vectors().cpu(), item, k);
}

RankingLearner ranking_learner(const Interactions& events, const RankingOptions& model, LearnerOptions options) {
    const bool by_user = model.loss == RankingLoss::softmax || !is_trained(model.kind);
    DataLoaders dls = by_user ? user_loaders(events, model.batches) : pair_loaders(events, model.negatives, model.batches);
    options.loss = loss_named(by_user ? RankingLoss::softmax : model.loss);
    return {events, std::move(dls), model_of(events, model), std::move(options)};
}

}  // namespace embark
