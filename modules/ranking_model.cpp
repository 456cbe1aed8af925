#include "ranking_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <torch/torch.h>

#include "../core/error.h"
#include "detail/bag_sums.h"

namespace embark {

namespace {

void check_bags(const char* what, const Bags& bags, int64_t lists, int64_t rows) {
    if (!bags.defined()) return;
    require<UsageError>(bags.offsets.numel() == lists + 1 && bags.indices.numel() == bags.weights.numel(), "The ", what,
                        " of a RankingModel must have a list for each of ", lists, ", and a weight for each index");
    if (bags.indices.numel() == 0) return;
    const auto first = bags.indices.min().item<int64_t>(), last = bags.indices.max().item<int64_t>();
    require<UsageError>(first >= 0 && last < rows, "The ", what, " of a RankingModel name ", first, " to ", last, " of ",
                        rows);
}

void check_ranking_options(const RankingModelOptions& options) {
    require<UsageError>(options.n_users >= 1 && options.n_items >= 2, "Invalid numbers of users (", options.n_users,
                        ") and items (", options.n_items, "): at least 1 and 2 are needed, that of unknown ones included");
    require<UsageError>(options.n_factors >= 1, "Invalid n_factors ", options.n_factors, ": at least 1 is needed");
    require<UsageError>(options.history_dropout >= 0 && options.history_dropout < 1, "Invalid history_dropout ",
                        options.history_dropout, ": it is from 0 to below 1");
    require<UsageError>(options.init_std >= 0, "Invalid init_std ", options.init_std, ": at least 0 is needed");
    check_bags("histories", options.histories, options.n_users, options.n_items);
    check_bags("user features", options.user_features, options.n_users, options.n_user_features);
    check_bags("item features", options.item_features, options.n_items, options.n_item_features);
}

/// bag_sums of an embedding's rows.
at::Tensor sums(const Bags& bags, const at::Tensor& rows, const torch::nn::Embedding& table, double dropout = 0) {
    return bag_sums(bags, rows, table->weight, dropout, table->options.sparse());
}

}  // namespace

ItemScorer::~ItemScorer() = default;

TopItems ItemScorer::top(const at::Tensor& users, int64_t k, const RankedAmong& among) {
    // Some users at a time, so that their scores are some 64 MB.
    const int64_t at_once = std::max<int64_t>(1, (int64_t{1} << 24) / n_items());
    return top_items(users.numel(), at_once,
                     [&](int64_t first, int64_t n) { return scores(users.narrow(0, first, n)); }, k, among);
}

RankingModelImpl::RankingModelImpl(RankingModelOptions options_) : options(std::move(options_)) {
    check_ranking_options(options);
    reset();
}

torch::nn::Embedding RankingModelImpl::table(const std::string& name, int64_t rows, int64_t width, double std) {
    torch::nn::Embedding layer(rows, width);
    const at::NoGradGuard no_grad;
    layer->weight.zero_();
    // Row 0 stands for unknown ones, of which nothing is known.
    if (std > 0) layer->weight.narrow(0, 1, rows - 1).normal_(0, std);
    return register_module(name, std::move(layer));
}

Bags RankingModelImpl::lists(const std::string& name, const Bags& bags) {
    return {register_buffer(name + "_offsets", bags.offsets.clone()),
            register_buffer(name + "_indices", bags.indices.clone()),
            register_buffer(name + "_weights", bags.weights.clone())};
}

void RankingModelImpl::reset() {
    const auto& o = options;
    if (o.user_factors) user_factors = table("user_factors", o.n_users, o.n_factors, o.init_std);
    item_factors = table("item_factors", o.n_items, o.n_factors, o.init_std);
    item_bias = table("item_bias", o.n_items, 1, 0);
    if (o.histories.defined()) {
        history_factors = table("history_factors", o.n_items, o.n_factors, o.init_std);
        histories_ = lists("history", o.histories);
    }
    if (o.user_features.defined()) {
        user_feature_factors = table("user_feature_factors", o.n_user_features, o.n_factors, o.init_std);
        user_features_ = lists("user_feature", o.user_features);
    }
    if (o.item_features.defined()) {
        item_feature_factors = table("item_feature_factors", o.n_item_features, o.n_factors, o.init_std);
        item_features_ = lists("item_feature", o.item_features);
    }
}

void RankingModelImpl::pretty_print(std::ostream& stream) const {
    stream << "RankingModel(n_users=" << options.n_users << ", n_items=" << options.n_items
           << ", n_factors=" << options.n_factors << (options.user_factors ? ", user_factors" : "")
           << (options.histories.defined() ? ", histories" : "")
           << (options.user_features.defined() ? ", user_features" : "")
           << (options.item_features.defined() ? ", item_features" : "") << ")";
}

at::Tensor RankingModelImpl::user_vectors(const at::Tensor& users) {
    at::Tensor sum;
    const auto add = [&](const at::Tensor& part) { sum = sum.defined() ? sum + part : part; };
    if (user_factors) add(user_factors->forward(users));
    if (history_factors) add(sums(histories_, users, history_factors, is_training() ? options.history_dropout : 0));
    if (user_feature_factors) add(sums(user_features_, users, user_feature_factors));
    return sum.defined() ? sum : item_factors->weight.new_zeros({users.size(0), options.n_factors});
}

at::Tensor RankingModelImpl::item_vectors() {
    if (!item_feature_factors) return item_factors->weight;
    const auto all = at::arange(options.n_items, item_factors->weight.options().dtype(at::kLong));
    return item_factors->weight + sums(item_features_, all, item_feature_factors);
}

std::vector<at::Tensor> RankingModelImpl::forward(const at::Tensor& x) {
    require(x.dim() == 2 && x.size(1) >= 1 && x.scalar_type() == at::kLong,
            "A RankingModel takes users, or users and items, as int64 (n, 1 + items), not ", x.dtype().name(), " ",
            x.sizes());
    const at::Tensor users = x.select(1, 0);
    // Lazy updates have the embeddings' gradients sparse.
    require(x.size(1) > 1 || !is_training() || !item_factors->options.sparse(),
            "Scores of all items move all items at every step, so lazy updates are for the losses sampled, bpr and bce");
    if (x.size(1) == 1) return {user_vectors(users), item_vectors(), item_bias->weight.squeeze(1)};
    const auto items = x.narrow(1, 1, x.size(1) - 1);
    const auto flat = items.reshape(-1);
    auto vectors = item_factors->forward(flat);
    if (item_feature_factors) vectors = vectors + sums(item_features_, flat, item_feature_factors);
    const auto by_row = vectors.view({items.size(0), items.size(1), options.n_factors});
    // A user of several rows is added up once.
    const auto [distinct, places] = at::_unique(users, /*sorted=*/true, /*return_inverse=*/true);
    const auto of_users = user_vectors(distinct).index_select(0, places);
    const auto products = at::bmm(by_row, of_users.unsqueeze(2)).squeeze(2);
    return {products + item_bias->forward(flat).view(items.sizes())};
}

at::Tensor RankingModelImpl::scores(const at::Tensor& users) {
    const at::NoGradGuard no_grad;
    return at::addmm(item_bias->weight.squeeze(1), user_vectors(users), item_vectors().t());
}

TopItems RankingModelImpl::top(const at::Tensor& users, int64_t k, const RankedAmong& among) {
    const at::NoGradGuard no_grad;
    const auto plain = [](const at::Tensor& tensor) { return tensor.detach().to(at::kCPU, at::kFloat).contiguous(); };
    const at::Tensor vectors = plain(user_vectors(users.to(item_bias->weight.device())));
    return top_products(vectors, plain(item_vectors()), plain(item_bias->weight.squeeze(1)), k, among);
}

bool RankingModelImpl::knows_new_users() const {
    return !user_factors || history_factors || options.new_user_alpha > 0;
}

at::Tensor RankingModelImpl::new_user_scores(const at::Tensor& items) {
    require<UsageError>(knows_new_users(), "This model has a vector of each user's own, and none for a user whom training "
                        "did not see; the models bag, two-tower, ease, item-knn, ials and popularity answer such users");
    const at::NoGradGuard no_grad;
    const at::Tensor all = item_vectors();
    if (history_factors) {
        const double share = 1 / std::sqrt(static_cast<double>(items.numel()));
        const at::Tensor user = history_factors->weight.index_select(0, items).sum(0) * share;
        return all.mv(user) + item_bias->weight.squeeze(1);
    }
    if (options.new_user_alpha <= 0) return item_bias->weight.squeeze(1).clone();
    // The user's half step of implicit_als: (Vᵀ V + α Σ_j v_j v_jᵀ + l2 I) u = (1 + α) Σ_j v_j.
    const at::Tensor exact = all.to(at::kDouble), seen = exact.index_select(0, items);
    at::Tensor left = exact.t().mm(exact) + options.new_user_alpha * seen.t().mm(seen);
    left.diagonal().add_(options.new_user_l2);
    const at::Tensor user = at::linalg_solve(left, (1 + options.new_user_alpha) * seen.sum(0));
    return exact.mv(user).to(all.scalar_type()) + item_bias->weight.squeeze(1);
}

}  // namespace embark
