#include <embark/modules/ranking_model.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/modules/implicit_als.h>
#include <embark/modules/item_similarity.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace ranking_model_test {

using ::testing::HasSubstr;
using testing::largest_difference;
using testing::message_of;

/// Lists with weights 1/√length, or of 1.
Bags bags_of(const std::vector<std::vector<int64_t>>& rows, bool shared = true) {
    std::vector<int64_t> offsets = {0}, items;
    std::vector<float> weights;
    for (const auto& row : rows) {
        items.insert(items.end(), row.begin(), row.end());
        weights.insert(weights.end(), row.size(), shared ? 1 / std::sqrt(static_cast<float>(row.size())) : 1);
        offsets.push_back(static_cast<int64_t>(items.size()));
    }
    return {torch::tensor(offsets), torch::tensor(items, torch::kLong), torch::tensor(weights)};
}

const std::vector<std::vector<int64_t>> kHistories = {{}, {1, 3}, {2}, {1, 2, 4}};

RankingModel two_towers() {
    torch::manual_seed(4);
    return RankingModel(RankingModelOptions{.n_users = 4, .n_items = 5, .n_factors = 3, .histories = bags_of(kHistories),
                                            .user_features = bags_of({{}, {0}, {1}, {0, 1}}),
                                            .item_features = bags_of({{}, {0}, {0, 1}, {1}, {2}}),
                                            .n_user_features = 2, .n_item_features = 3});
}

TEST(RankingModel, scores_users_and_items_by_the_sums_of_both_towers) {
    RankingModel model = two_towers();
    const auto weight = [&](const char* name) { return model->named_parameters()[std::string(name) + ".weight"].detach(); };
    const at::Tensor history = weight("history_factors"), of_users = weight("user_feature_factors");
    const at::Tensor user = weight("user_factors")[3] + (history[1] + history[2] + history[4]) / std::sqrt(3.0) +
                            (of_users[0] + of_users[1]) / std::sqrt(2.0);
    const at::Tensor item = weight("item_factors")[2] +
                            (weight("item_feature_factors")[0] + weight("item_feature_factors")[1]) / std::sqrt(2.0);
    const double expected = (user.dot(item) + weight("item_bias")[2][0]).item<double>();
    model->eval();
    EXPECT_NEAR(model->forward(torch::tensor({{3, 2}})).front().item<double>(), expected, 1e-6);
    EXPECT_NEAR(model->scores(torch::tensor({3}))[0][2].item<double>(), expected, 1e-6);
}

TEST(RankingModel, gives_candidates_and_the_catalogue_alike) {
    RankingModel model = two_towers();
    model->eval();
    const at::Tensor users = torch::tensor({{1}, {2}, {3}});
    const Tensors parts = model->forward(users);
    ASSERT_EQ(parts.size(), 3);
    const at::Tensor all = parts[0].mm(parts[1].t()) + parts[2];
    const at::Tensor candidates = torch::arange(5).expand({3, 5});
    EXPECT_LE(largest_difference(model->forward(torch::cat({users, candidates}, 1)).front(), all), 1e-6);
    EXPECT_LE(largest_difference(model->scores(users.squeeze(1)), all), 1e-6);
    const TopItems top = model->top(users.squeeze(1), 2, {});
    EXPECT_TRUE(top.items.equal(std::get<1>(all.slice(1, 1).topk(2, 1)) + 1));
}

TEST(RankingModel, knows_nothing_of_user_and_item_0) {
    RankingModel model(RankingModelOptions{.n_users = 3, .n_items = 4});
    EXPECT_EQ(model->scores(torch::tensor({0})).abs().sum().item<double>(), 0);
    EXPECT_EQ(model->item_vectors()[0].abs().sum().item<double>(), 0);
}

TEST(RankingModel, leaves_items_out_of_histories_in_training_alone) {
    RankingModel model(RankingModelOptions{.n_users = 2, .n_items = 100, .user_factors = false,
                                           .histories = bags_of({{}, std::vector<int64_t>(99, 7)}), .history_dropout = 0.5});
    const at::Tensor users = torch::tensor({1}), one = torch::tensor({1, 1});
    EXPECT_FALSE(model->user_vectors(users).equal(model->user_vectors(users)));
    model->eval();
    const at::Tensor in_eval = model->user_vectors(users);
    EXPECT_TRUE(in_eval.equal(model->user_vectors(users)));
    model->train();
    at::Tensor sum = torch::zeros_like(in_eval);
    for (int i = 0; i < 2000; ++i) sum += model->user_vectors(users).detach();
    EXPECT_LE(largest_difference(sum / 2000, in_eval), 0.02);
}

TEST(RankingModel, scores_a_new_user_as_one_of_training_with_the_same_items) {
    RankingModel bag(RankingModelOptions{.n_users = 4, .n_items = 5, .user_factors = false, .histories = bags_of(kHistories)});
    bag->eval();
    EXPECT_TRUE(bag->knows_new_users());
    EXPECT_LE(largest_difference(bag->new_user_scores(torch::tensor({1, 2, 4})), bag->scores(torch::tensor({3}))[0]), 1e-6);
    RankingModel dot(RankingModelOptions{.n_users = 4, .n_items = 5});
    EXPECT_FALSE(dot->knows_new_users());
    EXPECT_THAT(message_of<UsageError>([&] { dot->new_user_scores(torch::tensor({1})); }), HasSubstr("bag"));
}

TEST(RankingModel, refuses_what_cannot_be) {
    EXPECT_THROW(RankingModel(RankingModelOptions{.n_users = 1, .n_items = 1}), UsageError);
    EXPECT_THROW(RankingModel(RankingModelOptions{.n_users = 2, .n_items = 3, .n_factors = 0}), UsageError);
    EXPECT_THROW(RankingModel(RankingModelOptions{.n_users = 2, .n_items = 3, .history_dropout = 1}), UsageError);
    EXPECT_THROW(RankingModel(RankingModelOptions{.n_users = 2, .n_items = 3, .histories = bags_of({{1}})}), UsageError);
    EXPECT_THROW(RankingModel(RankingModelOptions{.n_users = 1, .n_items = 3, .histories = bags_of({{3}})}), UsageError);
    RankingModel model(RankingModelOptions{.n_users = 2, .n_items = 3});
    EXPECT_THROW(model->forward(torch::zeros({2, 2})), Error);
    EXPECT_THROW(model->forward(torch::zeros({2}, torch::kLong)), Error);
}

/// The users and items of the baseline, whose numbers are one higher here.
struct Liked {
    nlohmann::json models = testing::json_baseline("rankings.json").at("models");
    int64_t n_users = models.at("n_users").get<int64_t>() + 1, n_items = models.at("n_items").get<int64_t>() + 1;
    Bags bags;
    Liked() {
        std::vector<std::vector<int64_t>> rows(static_cast<size_t>(n_users));
        for (const auto& pair : models.at("pairs")) rows[pair[0].get<size_t>() + 1].push_back(pair[1].get<int64_t>() + 1);
        bags = bags_of(rows, false);
    }
    at::Tensor scores(const char* model) const {
        std::vector<at::Tensor> rows;
        for (const auto& row : models.at(model).at("scores")) rows.push_back(torch::tensor(row.get<std::vector<double>>()));
        return torch::stack(rows);
    }
};

TEST(ItemSimilarity, ease_and_item_knn_give_numpys_scores) {
    const Liked liked;
    const at::Tensor users = torch::arange(1, liked.n_users);
    ItemSimilarity ease(liked.bags, ease_weights(liked.bags, liked.n_items, 20));
    EXPECT_LE(largest_difference(ease->scores(users).slice(1, 1), liked.scores("ease")), 1e-6);
    ItemSimilarity knn(liked.bags, item_knn_weights(liked.bags, liked.n_items, 5, 10));
    EXPECT_LE(largest_difference(knn->scores(users).slice(1, 1), liked.scores("item_knn")), 1e-6);
}

TEST(ItemSimilarity, scores_pairs_and_new_users_as_it_scores_all_items) {
    const Liked liked;
    ItemSimilarity ease(liked.bags, ease_weights(liked.bags, liked.n_items, 20));
    const at::Tensor all = ease->scores(torch::arange(liked.n_users));
    const at::Tensor x = torch::stack({torch::randint(0, liked.n_users, {200}), torch::randint(0, liked.n_items, {200})}, 1);
    EXPECT_LE(largest_difference(ease->forward(x), all.index({x.select(1, 0), x.select(1, 1)})), 1e-6);
    const at::Tensor ends = liked.bags.offsets;
    const at::Tensor history = liked.bags.indices.slice(0, ends[7].item<int64_t>(), ends[8].item<int64_t>());
    EXPECT_LE(largest_difference(ease->new_user_scores(history), all[7]), 1e-6);
}

TEST(ItemSimilarity, says_how_much_memory_too_many_items_would_take) {
    EXPECT_THAT(message_of<Error>([] { ease_weights(bags_of({{}, {1}}, false), 100'000, 10); }), HasSubstr("40 GB"));
    EXPECT_THROW(ease_weights(bags_of({{}, {1}}, false), 3, 0), UsageError);
    EXPECT_THROW(item_knn_weights(bags_of({{}, {1}}, false), 3, 0, 1), UsageError);
    EXPECT_THROW(item_knn_weights(bags_of({{}, {1}}, false), 3, 1, -1), UsageError);
}

/// What implicit_als makes small.
double objective(const Liked& liked, const ImplicitFactors& factors, double alpha, double l2) {
    at::Tensor x = torch::zeros({liked.n_users, liked.n_items}, torch::kDouble);
    x.index_put_({torch::repeat_interleave(liked.bags.offsets.diff()), liked.bags.indices}, torch::ones({1}, torch::kDouble));
    const at::Tensor u = factors.users.to(torch::kDouble), v = factors.items.to(torch::kDouble);
    // Without the unknown user and item.
    const at::Tensor known = x.slice(0, 1).slice(1, 1), errors = known - u.slice(0, 1).mm(v.slice(0, 1).t());
    return (((1 + alpha * known) * errors * errors).sum() + l2 * (u.square().sum() + v.square().sum())).item<double>();
}

TEST(ImplicitAls, comes_to_the_objective_that_the_package_implicit_finds) {
    const Liked liked;
    const double expected = liked.models.at("ials").at("loss").get<double>();
    double lowest = 1e9;
    for (uint64_t seed = 0; seed < 10; ++seed) {
        const auto factors = implicit_als(liked.bags, liked.n_items,
                                          {.n_factors = 4, .alpha = 3, .l2 = 2, .iterations = 200, .seed = seed});
        lowest = std::min(lowest, objective(liked, factors, 3, 2));
    }
    EXPECT_NEAR(lowest, expected, 0.01 * expected);
}

TEST(ImplicitAls, is_the_same_on_any_number_of_threads_and_answers_new_users_exactly) {
    const Liked liked;
    const ImplicitAlsOptions options = {.n_factors = 8, .alpha = 3, .l2 = 2, .iterations = 60};
    at::set_num_threads(1);
    const auto one = implicit_als(liked.bags, liked.n_items, options);
    at::set_num_threads(3);
    const auto three = implicit_als(liked.bags, liked.n_items, options);
    at::set_num_threads(1);
    EXPECT_TRUE(one.users.equal(three.users));
    EXPECT_TRUE(one.items.equal(three.items));

    RankingModel model(RankingModelOptions{.n_users = liked.n_users, .n_items = liked.n_items, .n_factors = 8,
                                           .new_user_alpha = 3, .new_user_l2 = 2});
    {
        const torch::NoGradGuard no_grad;
        model->item_factors->weight.copy_(one.items);
    }
    // After so many half steps the user's vector is nearly what the exact half step gives.
    const at::Tensor ends = liked.bags.offsets;
    const at::Tensor history = liked.bags.indices.slice(0, ends[5].item<int64_t>(), ends[6].item<int64_t>());
    EXPECT_LE(largest_difference(model->new_user_scores(history), one.items.mv(one.users[5])), 1e-3);
}

TEST(ImplicitAls, refuses_settings_that_cannot_be) {
    const Liked liked;
    EXPECT_THROW(implicit_als(liked.bags, liked.n_items, {.n_factors = 0}), UsageError);
    EXPECT_THROW(implicit_als(liked.bags, liked.n_items, {.alpha = 0}), UsageError);
    EXPECT_THROW(implicit_als(liked.bags, liked.n_items, {.l2 = -1}), UsageError);
    EXPECT_THROW(implicit_als(liked.bags, liked.n_items, {.iterations = 0}), UsageError);
    EXPECT_THAT(message_of<Error>([&] { implicit_als(liked.bags, liked.n_items, {.alpha = 1e38}); }), HasSubstr("no finite factors"));
    EXPECT_THAT(message_of<Error>([&] { ease_weights(bags_of({{}, {1, 2}}, false), 3, 1e-300); }), HasSubstr("no solution"));
}

}  // namespace ranking_model_test
}  // namespace embark
