#include <embark/learners/collab_learner.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/modules/collab_nn.h>
#include <embark/modules/dot_product.h>
#include <embark/optim/optimizers.h>

#include "test_files.h"

namespace embark {
namespace collab_learner_test {

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

TEST(CollabLearner, sharded_tables_are_trained_in_one_process_as_ordinary_ones_and_go_on_from_a_checkpoint) {
    const testing::TemporaryFolder folder;
    const auto factors = [&](bool sharded, bool stops) {
        torch::manual_seed(1);
        auto learn = collab_learner(ratings(), {.n_factors = 4, .shard_tables = sharded},
                                    {.optimizer = adagrad(),
                                     .progress = false,
                                     .fused_step = false,
                                     .embedding_update = EmbeddingUpdate::lazy});
        const auto dir = sharded ? folder.path() : std::filesystem::path();
        std::stop_source stop;
        if (stops) stop.request_stop();  // after the first batch
        learn.fit(3, 0.1, {.stop = stop.get_token(), .checkpoint = {.dir = dir, .resume = true}});
        return learn.item_factors();
    };
    const auto plain = factors(false, false);
    EXPECT_FALSE(factors(true, true).allclose(plain, 0, 1e-6));
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "checkpoint.1.1-of-1.safetensors"));
    EXPECT_TRUE(factors(true, false).allclose(plain, 0, 1e-6));
    EXPECT_THAT(message_of<UsageError>([] { collab_learner(ratings(), {.shard_tables = true, .use_nn = true}); }),
                HasSubstr("shard_tables"));
}

TEST(CollabLearner, recommends_the_best_of_what_was_not_rated) {
    auto learn = trained();
    const auto& data = learn.collab_dls().collab();
    const auto user = data.users.index("u3");
    const auto rated = data.rated().items.slice(0, data.rated().offsets[user].item<int64_t>(),
                                                data.rated().offsets[user + 1].item<int64_t>());
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

TEST(CollabLearner, trains_a_network_and_answers_by_its_embeddings) {
    torch::manual_seed(1);
    auto learn =
        collab_learner(ratings(), {.y_range = {0, 5.5}, .use_nn = true, .layers = {20, 10}}, {.progress = false});
    const auto records = learn.fit_one_cycle(10, 0.02);
    EXPECT_LT(records.last("train_loss"), 0.7 * records.epochs.front().train_loss);
    EXPECT_EQ(learn.recommend("nobody", 3).size(), 3U);

    const auto& items = learn.collab_dls().items();
    const auto factors = learn.item_factors();
    EXPECT_EQ(factors.sizes(), at::IntArrayRef({items.size(), embedding_width(items.size())}));
    EXPECT_EQ(learn.user_factors().size(0), learn.collab_dls().users().size());
    const auto near = learn.similar_items("Film 3", 2);
    const auto expected =
        torch::cosine_similarity(factors[items.index("Film 3")], factors[items.index(near[0].name)], 0);
    EXPECT_NEAR(near[0].score, expected.item<double>(), 1e-6);
    EXPECT_THAT(message_of<Error>([&] { learn.items_by_bias(); }), HasSubstr("no parameter 'item_bias.weight'"));
}

TEST(CollabLearner, a_networks_sizes_are_fastais_unless_chosen) {
    const auto parameters = [](const CollabLearner& learn) { return learn.model().module().named_parameters(); };
    const auto ruled = parameters(collab_learner(ratings(), {.n_factors = 7, .use_nn = true}));
    const auto n_users = ratings().users().size(), width = embedding_width(n_users);
    EXPECT_EQ(ruled["embeds.0.weight"].sizes(), at::IntArrayRef({n_users, width}));
    EXPECT_EQ(ruled["layers.0.0.weight"].size(0), 7);
    const auto chosen =
        parameters(collab_learner(ratings(), {.use_nn = true, .layers = {4, 3}, .user_width = 2, .item_width = 6}));
    EXPECT_EQ(chosen["layers.0.0.weight"].sizes(), at::IntArrayRef({4, 8}));
    EXPECT_EQ(chosen["layers.1.0.weight"].sizes(), at::IntArrayRef({3, 4}));
}

TEST(CollabLearner, trains_the_course_network) {
    torch::manual_seed(1);
    const auto dls = ratings();
    const CollabNN net(CollabNNOptions{.n_users = dls.users().size(), .n_items = dls.items().size()});
    CollabLearner learn(dls, Model(net), {.loss = mse_loss_flat(), .progress = false});
    const auto records = learn.fit_one_cycle(10, 0.02);
    EXPECT_LT(records.last("train_loss"), 0.8 * records.epochs.front().train_loss);
    EXPECT_EQ(learn.similar_items("Film 3", 4).size(), 4U);
}

TEST(CollabLearner, refuses_sizes_that_can_never_be_right) {
    EXPECT_THROW(collab_learner(ratings(), {.n_factors = 0}), UsageError);
    EXPECT_THROW(collab_learner(ratings(), {.y_range = {5.5, 0}}), UsageError);
    EXPECT_THROW(collab_learner(ratings(), {.use_nn = true, .layers = {0}}), UsageError);
    EXPECT_THROW(collab_learner(ratings(), {.use_nn = true, .user_width = -1}), UsageError);
    EXPECT_THAT(message_of<UsageError>([] {
                    collab_learner(ratings(), {.layers = {100, 50}});
                }),
                HasSubstr("needs use_nn = true"));
}

}  // namespace collab_learner_test
}  // namespace embark
