#include "collab_learner.h"

#include <algorithm>
#include <cmath>

#include <torch/types.h>

#include "../callbacks/parallel/detail/sharded_tables.h"
#include "../core/error.h"
#include "../core/text.h"
#include "../modules/collab_nn.h"
#include "../modules/dot_product.h"
#include "../modules/factorization_model.h"
#include "detail/best_items.h"

namespace embark {

namespace {

/// So many items are scored at once that what is made of them stays in the processor's cache.
constexpr int64_t kItemsAtOnce = 8192;

/// Whether a dot product of two embeddings is not enough.
bool needs_sums(const CollabModelOptions& options, const CollabData& data) {
    return options.implicit_sums || options.clip || options.members != 1 || !data.days.empty() ||
           data.user_features.size() > 0 || data.item_features.size() > 0;
}

double logit_in(const Range& range, double value) {
    const double share = std::clamp((value - range.low) / (range.high - range.low), 0.01, 0.99);
    return std::log(share / (1 - share));
}

double mean_rating(const DataLoader& train) {
    return train.sample().targets.front().mean().item<double>();
}

Model factorization(const CollabModelOptions& options, const CollabDataLoaders& dls, bool fused) {
    require<UsageError>(!options.shard_tables && options.bias,
                        "implicit_sums, clip, members, times and tables of users and items need a model with biases, "
                        "whose tables are not sharded");
    const CollabData& data = dls.collab();
    FactorizationOptions sizes{.n_users = data.users.size(),
                               .n_items = data.items.size(),
                               .n_factors = options.n_factors,
                               .y_range = options.y_range,
                               .clip = options.clip,
                               .n_days = data.days.n_days(),
                               .n_user_days = data.days.n_user_days(),
                               .members = options.members,
                               .init_std = options.init_std,
                               .fused = fused};
    if (options.start_at_mean && options.clip) sizes.offset = mean_rating(dls.train());
    if (options.implicit_sums) {
        sizes.user_terms.push_back({"rated", data.rated_bags(), data.items.size(), /*leave_one_out=*/true});
        sizes.item_terms.push_back({"rater", data.rater_bags(), data.users.size(), /*leave_one_out=*/true});
    }
    const auto add_features = [](const char* name, const SideFeatures& features, auto& terms) {
        if (features.size() > 0) terms.push_back({name, features.bags, features.size()});
    };
    add_features("user_feature", data.user_features, sizes.user_terms);
    add_features("item_feature", data.item_features, sizes.item_terms);
    return Model(FactorizationModel(std::move(sizes)));
}

Model dot_product(const CollabModelOptions& options, const CollabDataLoaders& dls, bool fused) {
    const bool only_dot = options.layers.empty() && options.ps.empty() && options.embed_p == 0 &&
                          options.user_width == 0 && options.item_width == 0;
    require<UsageError>(only_dot,
                        "layers, ps, embed_p, user_width and item_width are settings of a network: a "
                        "collab_learner with them needs use_nn = true");
    if (needs_sums(options, dls.collab())) return factorization(options, dls, fused);
    const DotProductOptions sizes{.n_users = dls.users().size(),
                                  .n_items = dls.items().size(),
                                  .n_factors = options.n_factors,
                                  .y_range = options.y_range};
    if (options.shard_tables) return Model(ShardedDotProduct(sizes, options.bias));
    return options.bias ? Model(DotProductBias(sizes)) : Model(DotProduct(sizes));
}

EmbeddingSize embedding_size(int64_t rows, int64_t width) {
    return {.rows = rows, .width = width == 0 ? embedding_width(rows) : width};
}

Model network(const CollabModelOptions& options, const CollabDataLoaders& dls) {
    require<UsageError>(!options.shard_tables,
                        "shard_tables splits the tables of a dot product: it goes without use_nn");
    require<UsageError>(!needs_sums(options, dls.collab()),
                        "A network of users and items has no implicit_sums, clip and members, and takes no times and no "
                        "tables of users and items: it goes without these, or they without use_nn");
    const TabularModelOptions settings{
        .embeddings = {embedding_size(dls.users().size(), options.user_width),
                       embedding_size(dls.items().size(), options.item_width)},
        .layers = options.layers.empty() ? std::vector<int64_t>{options.n_factors} : options.layers,
        .ps = options.ps,
        .embed_p = options.embed_p,
        .y_range = options.y_range};
    return Model(EmbeddingNN(settings));
}

/// Lets every item's bias be what makes a prediction the mean of the training ratings while all else is about 0.
void start_at_mean(torch::nn::Module& model, const DataLoader& train, const Range& y_range) {
    const auto parameters = model.named_parameters();
    const at::Tensor* bias = parameters.find("item_bias.weight");
    if (bias == nullptr) return;  // a network finds it by itself
    const double mean = mean_rating(train);
    at::NoGradGuard no_grad;
    bias->add_(y_range.empty() ? mean : logit_in(y_range, mean));
}

std::vector<Warning> warnings_of(const CollabData& data, const Range& y_range) {
    const double rounding = 1e-6 * (y_range.high - y_range.low);  // ratings are numbers of 32 bits
    const bool inside = data.rating_min >= y_range.low - rounding && data.rating_max <= y_range.high + rounding;
    if (y_range.empty() || inside) return {};
    return {{"ratings_outside_range",
             concat("The training ratings go from ", data.rating_min, " to ", data.rating_max,
                    ", and no prediction can leave the y_range from ", y_range.low, " to ", y_range.high,
                    "; a range a little wider than the ratings' is right, as from ", data.rating_min - 0.5, " to ",
                    data.rating_max + 0.5)}};
}

}  // namespace

CollabLearner::CollabLearner(CollabDataLoaders dls, Model model, LearnerOptions options, std::vector<Warning> warnings)
    : Learner(dls, std::move(model), std::move(options)), collab_dls_(std::move(dls)), warnings_(std::move(warnings)) {}

void CollabLearner::set_dls(CollabDataLoaders dls) {
    dls = dls.with_passes(collab_dls_.train().options().passes);
    Learner::set_dls(dls);
    collab_dls_ = std::move(dls);
}

void CollabLearner::set_dls(DataLoaders) {
    fail<UsageError>("A CollabLearner takes CollabDataLoaders in set_dls");
}

at::Tensor CollabLearner::predict(const std::vector<std::string>& users, const std::vector<std::string>& items) {
    const at::Tensor x = collab_dls_.collab().encode(users, items);
    if (x.size(0) == 0) return torch::zeros({0});
    return Learner::predict({x}).reshape(-1);
}

double CollabLearner::predict_one(const std::string& user, const std::string& item) {
    return predict(std::vector<std::string>{user}, std::vector<std::string>{item}).item<double>();
}

std::vector<Scored> CollabLearner::recommend(const std::string& user, int64_t k) {
    const CollabData& data = collab_dls_.collab();
    const int64_t number = data.users.index(user), n_items = data.items.size();
    Tensors scores;
    for (const auto& items : torch::arange(n_items).split(kItemsAtOnce)) {
        scores.push_back(Learner::predict({torch::stack({torch::full_like(items, number), items}, 1)}).reshape(-1));
    }
    auto allowed = torch::ones({n_items}, at::kBool);
    const auto& [offsets, items] = data.rated();
    const auto begin = offsets[number].item<int64_t>(), end = offsets[number + 1].item<int64_t>();
    allowed.index_fill_(0, items.slice(0, begin, end), false);
    return best_items(torch::cat(scores), allowed, data.items, k);
}

std::vector<Scored> CollabLearner::recommend_for(const std::vector<Scored>& ratings, int64_t k) {
    auto* sums = dynamic_cast<FactorizationModelImpl*>(&model().module());
    require<UsageError>(sums != nullptr && sums->knows_new_users(),
                        "This model has no answer for users whom training did not see; one with implicit_sums and clip "
                        "has, as best_collab_recipe makes it");
    require<UsageError>(!ratings.empty(), "recommend_for needs at least one item with its rating");
    const Vocabulary& names = collab_dls_.items();
    const Range& range = sums->options.y_range;
    auto allowed = torch::ones({names.size()}, at::kBool);
    std::vector<int64_t> numbers;
    std::vector<double> values;
    for (const auto& [item, rating] : ratings) {
        const int64_t number = known_item(names, item);
        require(allowed[number].item<bool>(), "The item '", item, "' is given twice");
        require(std::isfinite(rating), "The rating of '", item, "' is not a finite number");
        // A little outside may be right where few ratings were trained on; farther than that it is another scale.
        const bool of_scale = range.empty() || (rating >= 2 * range.low - range.high && rating <= 2 * range.high - range.low);
        require(of_scale, "The rating of '", item, "' is ", rating, ", and those of the training data go from ", range.low,
                " to ", range.high);
        allowed[number] = false;
        numbers.push_back(number);
        values.push_back(rating);
    }
    const auto scores = sums->new_user_predictions(torch::tensor(numbers), torch::tensor(values, at::kDouble));
    return best_items(scores, allowed, names, k);
}

std::vector<Scored> CollabLearner::similar_items(const std::string& item, int64_t k) {
    return nearest_items(collab_dls_.items(), item_factors(), item, k);
}

std::vector<Scored> CollabLearner::similar_users(const std::string& user, int64_t k) {
    return nearest_items(collab_dls_.users(), user_factors(), user, k);
}

std::vector<Scored> CollabLearner::items_by_bias() {
    const auto& items = collab_dls_.items();
    return best_items(item_bias(), {}, items, std::max<int64_t>(1, items.size()));
}

at::Tensor CollabLearner::parameter(const std::string& name) const {
    auto* sums = dynamic_cast<FactorizationModelImpl*>(&model().module());
    if (sums != nullptr) return sums->added_up()->named_parameters()[name].detach();
    const auto parameters = model().module().named_parameters();
    if (const auto* found = parameters.find(name)) return whole_table(model().module(), *found);
    fail("The model ", model().module().name(), " has no parameter '", name, "'", name_hint(name, parameters.keys()));
}

/// The factors that a dot product has as `name`, a network of categories as those of its column.
at::Tensor CollabLearner::factors(const std::string& name, size_t column) const {
    const std::string embedding = concat("embeds.", column, ".weight");
    const auto parameters = model().module().named_parameters();
    return parameter(!parameters.contains(name) && parameters.contains(embedding) ? embedding : name);
}

at::Tensor CollabLearner::item_factors() const {
    return factors("item_factors.weight", 1);
}
at::Tensor CollabLearner::user_factors() const {
    return factors("user_factors.weight", 0);
}
/// Of members the mean, which is what is added to a prediction.
at::Tensor CollabLearner::item_bias() const {
    return parameter("item_bias.weight").mean(1);
}
at::Tensor CollabLearner::user_bias() const {
    return parameter("user_bias.weight").mean(1);
}

CollabLearner collab_learner(CollabDataLoaders dls, const CollabModelOptions& model, LearnerOptions options) {
    if (!options.loss) options.loss = mse_loss_flat();
    // Before the model is made, whose memory grows with its members.
    if (model.members > 1) dls = dls.with_passes(model.members);
    Model made = model.use_nn ? network(model, dls) : dot_product(model, dls, options.fused_step);
    if (model.start_at_mean && !model.clip) start_at_mean(made.module(), dls.train(), model.y_range);
    auto warnings = warnings_of(dls.collab(), model.y_range);
    return CollabLearner(std::move(dls), std::move(made), std::move(options), std::move(warnings));
}

}  // namespace embark
