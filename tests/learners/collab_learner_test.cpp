#include <embark/learners/collab_learner.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/modules/dot_product.h>

#include "test_files.h"

namespace embark {
namespace {

using ::testing::HasSubstr;
using testing::message_of;

CollabDataLoaders ratings() {
    std::vector<std::string> users, items, values;
    for (int user = 0; user < 8; ++user) {
        for (int item = 0; item < 10; ++item) {
            if ((user + item) % 3 == 0) continue;
            users.push_back(concat("u", user));
            items.push_back(concat("Film ", item));
            values.push_back(std::to_string(1 + (user * item) % 5));
        }
    }
    const Table table = Table::from_text({{"user", users}, {"title", items}, {"rating", values}});
    return CollabDataLoaders::from_table(table, {.batch_size = 8, .seed = 1});
}

CollabLearner trained() {
    torch::manual_seed(1);
    auto learn = collab_learner(ratings(), {.n_factors = 4, .y_range = {0, 5.5}}, {.progress = false});
    learn.fit_one_cycle(3, 0.05);
    return learn;
}

TEST(CollabLearner, predicts_from_raw_values_in_the_range) {
    auto learn = trained();
    const auto all = learn.predict({"u0", "u1", "nobody"}, {"Film 1", "Film 2", "no film"});
    ASSERT_EQ(all.sizes(), at::IntArrayRef({3}));
    EXPECT_GT(all.min().item<double>(), 0);
    EXPECT_LT(all.max().item<double>(), 5.5);
    EXPECT_NEAR(learn.predict("u1", "Film 2"), all[1].item<double>(), 1e-6);
    EXPECT_EQ(learn.predict({"u0", "u1"}, {"Film 1", "Film 2"}).size(0), 2);
    EXPECT_EQ(learn.predict(std::vector<std::string>{}, {}).size(0), 0);
}

TEST(CollabLearner, recommends_the_best_of_what_was_not_rated) {
    auto learn = trained();
    const auto& data = learn.collab_dls().collab();
    const auto user = data.users.index("u3");
    const auto rated = data.rated_items.slice(0, data.rated_offsets[user].item<int64_t>(),
                                              data.rated_offsets[user + 1].item<int64_t>());
    const auto best = learn.recommend("u3", 100);
    EXPECT_EQ(static_cast<int64_t>(best.size()), data.items.size() - 1 - rated.size(0));
    for (size_t i = 0; i < best.size(); ++i) {
        EXPECT_FALSE((rated == data.items.index(best[i].name)).any().item<bool>()) << best[i].name;
        EXPECT_NEAR(best[i].score, learn.predict("u3", best[i].name), 1e-6);
        EXPECT_LE(best[i].score, best[i == 0 ? 0 : i - 1].score);
    }
    EXPECT_EQ(learn.recommend("nobody", 3).size(), 3U);
    EXPECT_THROW(learn.recommend("u3", 0), UsageError);
}

TEST(CollabLearner, similar_items_have_the_nearest_factors) {
    auto learn = trained();
    const auto near = learn.similar_items("Film 3", 4);
    ASSERT_EQ(near.size(), 4U);
    const auto factors = learn.item_factors();
    for (const auto& item : near) {
        EXPECT_NE(item.name, "Film 3");
        const auto& items = learn.collab_dls().items();
        const auto expected =
            torch::cosine_similarity(factors[items.index("Film 3")], factors[items.index(item.name)], 0);
        EXPECT_NEAR(item.score, expected.item<double>(), 1e-6);
    }
    EXPECT_THAT(message_of<Error>([&] { learn.similar_items("film 3"); }), HasSubstr("did you mean 'Film 3'"));
    EXPECT_THROW(learn.similar_items("#na#"), Error);
    EXPECT_EQ(learn.similar_users("u1", 100).size(), 7U);
}

TEST(CollabLearner, orders_items_by_bias) {
    auto learn = trained();
    const auto ordered = learn.items_by_bias();
    ASSERT_EQ(static_cast<int64_t>(ordered.size()), learn.collab_dls().items().size() - 1);
    const auto bias = learn.item_bias();
    EXPECT_NEAR(ordered.front().score, bias.slice(0, 1).max().item<double>(), 1e-9);
    EXPECT_NEAR(ordered.back().score, bias.slice(0, 1).min().item<double>(), 1e-9);
}

TEST(CollabLearner, a_model_without_biases_says_so) {
    auto learn = collab_learner(ratings(), {.n_factors = 4, .bias = false});
    EXPECT_THAT(message_of<Error>([&] { learn.items_by_bias(); }), HasSubstr("no parameter 'item_bias.weight'"));
}

TEST(CollabLearner, refuses_sizes_that_can_never_be_right) {
    EXPECT_THROW(collab_learner(ratings(), {.n_factors = 0}), UsageError);
    EXPECT_THROW(collab_learner(ratings(), {.y_range = {5.5, 0}}), UsageError);
}

}  // namespace
}  // namespace embark
