#include <embark/learners/ranking_learner.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/learners/ranking_recipe.h>
#include <embark/modules/ranking_model.h>
#include <embark/predictor/item_ranking.h>
#include <embark/predictor/predictor.h>

#include "test_files.h"

namespace embark {
namespace ranking_learner_test {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::message_of;
using testing::TemporaryFolder;

constexpr int kUsers = 60, kItems = 40;

/// Users like the items of one of four groups, and some others.
Interactions events(bool tables = false, uint64_t seed = 1) {
    Random random(8);
    std::vector<std::string> users, items, user_ids, item_ids, groups;
    for (int user = 0; user < kUsers; ++user) {
        user_ids.push_back(concat("u", user));
        for (int item = 0; item < kItems; ++item) {
            if (!random.chance(user % 4 == item % 4 ? 0.7 : 0.08)) continue;
            users.push_back(user_ids.back());
            items.push_back(concat("i", item));
        }
    }
    for (int item = 0; item < kItems; ++item) {
        item_ids.push_back(concat("i", item));
        groups.push_back(concat("group ", item % 4));
    }
    InteractionOptions options = {.seed = seed};
    if (tables) options.item_table = {Table::from_text({{"item", item_ids}, {"group", groups}})};
    return Interactions::from_table(Table::from_text({{"user", users}, {"item", items}}), options);
}

RankingRecipe recipe_of(const Interactions& data, RankingKind kind, RankingLoss loss = RankingLoss::softmax) {
    RankingRecipe recipe = ranking_recipe(data, kind, loss, 2);
    recipe.model.n_factors = 8;
    recipe.model.batches.batch_size = loss == RankingLoss::softmax ? 16 : 64;
    recipe.model.negatives.n = std::min<int64_t>(recipe.model.negatives.n, 8);
    recipe.model.neighbours = 5;
    recipe.model.ease_l2 = 20;
    recipe.model.als = {.n_factors = 8, .alpha = 3, .l2 = 1};
    recipe.learner.progress = false;
    recipe.n_epoch = std::min<int64_t>(recipe.n_epoch, 20);
    return recipe;
}

RankingLearner trained(const Interactions& data, const RankingRecipe& recipe) {
    set_seed(3);
    RankingLearner learn = ranking_learner(data, recipe.model, recipe.learner);
    fit_recipe(learn, recipe);
    return learn;
}

const std::map<std::string, RankingKind> kAll = {
    {"dot", RankingKind::dot},           {"bag", RankingKind::bag},   {"two_tower", RankingKind::two_tower},
    {"popularity", RankingKind::popularity}, {"item_knn", RankingKind::item_knn}, {"ease", RankingKind::ease},
    {"ials", RankingKind::ials}};

std::vector<std::string> names_of(const std::vector<Scored>& items) {
    std::vector<std::string> names;
    for (const auto& [name, score] : items) names.push_back(name);
    return names;
}

void expect_alike(const std::vector<Scored>& a, const std::vector<Scored>& b) {
    EXPECT_EQ(names_of(a), names_of(b));
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) EXPECT_NEAR(a[i].score, b[i].score, 1e-5);
}

TEST(RankingLearner, every_model_is_better_than_popularity) {
    const Interactions data = events(/*tables=*/true);
    for (const auto& [name, kind] : kAll) {
        const RankingFigures figures = trained(data, recipe_of(data, kind)).measure("ndcg@10,recall@10");
        EXPECT_EQ(figures.users, kUsers);
        if (kind == RankingKind::popularity) {
            EXPECT_EQ(figures.values, figures.popularity);
        } else {
            EXPECT_GT(figures.values.at("ndcg@10"), 1.5 * figures.popularity.at("ndcg@10")) << name;
        }
    }
}

TEST(RankingLearner, every_loss_learns) {
    const Interactions data = events();
    for (const auto loss : {RankingLoss::sampled, RankingLoss::bpr, RankingLoss::bce}) {
        for (const auto kind : {RankingKind::dot, RankingKind::bag}) {
            for (const auto sampling : {NegativeSampling::uniform, NegativeSampling::popularity, NegativeSampling::in_batch}) {
                RankingRecipe recipe = recipe_of(data, kind, loss);
                recipe.model.negatives.sampling = sampling;
                const RankingFigures figures = trained(data, recipe).measure("ndcg@10");
                EXPECT_GT(figures.values.at("ndcg@10"), 1.4 * figures.popularity.at("ndcg@10"))
                    << static_cast<int>(loss) << static_cast<int>(kind) << static_cast<int>(sampling);
            }
        }
    }
}

TEST(RankingLearner, lazy_updates_learn_from_pairs_alone) {
    const Interactions data = events();
    for (const auto kind : {RankingKind::dot, RankingKind::bag}) {
        RankingRecipe recipe = recipe_of(data, kind, RankingLoss::bpr);
        recipe.learner.embedding_update = EmbeddingUpdate::lazy;
        const RankingFigures figures = trained(data, recipe).measure("ndcg@10");
        EXPECT_GT(figures.values.at("ndcg@10"), 1.4 * figures.popularity.at("ndcg@10"));
        recipe = recipe_of(data, kind);
        recipe.learner.embedding_update = EmbeddingUpdate::lazy;
        EXPECT_THAT(message_of<Error>([&] { trained(data, recipe); }), HasSubstr("lazy updates are for the losses"));
    }
}

TEST(RankingLearner, recommends_what_scores_highest_without_what_the_user_had) {
    const Interactions data = events();
    const auto learn = trained(data, recipe_of(data, RankingKind::bag));
    const at::Tensor scores = learn.scorer().scores(torch::tensor({data.users().index("u7")}))[0];
    const auto& bags = data.train().bags;
    std::vector<std::pair<float, int64_t>> expected;
    for (int64_t item = 1; item < data.items().size(); ++item) {
        const int64_t* offsets = bags.offsets.const_data_ptr<int64_t>() + data.users().index("u7");
        const int64_t* items = bags.indices.const_data_ptr<int64_t>();
        if (!std::binary_search(items + offsets[0], items + offsets[1], item)) {
            expected.emplace_back(-scores[item].item<float>(), item);
        }
    }
    std::ranges::sort(expected);
    const auto found = learn.recommend("u7", 5);
    ASSERT_EQ(found.size(), 5);
    for (size_t i = 0; i < 5; ++i) EXPECT_EQ(found[i].name, data.items().name(expected[i].second));
    EXPECT_EQ(learn.recommend("u7", 1000).size(), expected.size());
    EXPECT_EQ(learn.recommend("nobody", 3).size(), 3);
    EXPECT_THROW(learn.recommend("u7", 0), UsageError);
}

TEST(RankingLearner, exported_files_recommend_as_it_does) {
    const Interactions data = events(/*tables=*/true);
    const TemporaryFolder folder;
    for (const auto& [name, kind] : kAll) {
        SCOPED_TRACE(name);
        const auto path = folder.path() / (name + ".pt");
        RankingLearner learn = trained(data, recipe_of(data, kind));
        learn.export_torchscript(path);
        const Predictor predictor = Predictor::load(path, {.trusted = false});
        const ItemRanking ranking(predictor);
        EXPECT_TRUE(ranks_items(predictor.file()));
        for (const std::string user : {"u0", "u33", "nobody"}) {
            expect_alike(predictor.recommend(user, 7), learn.recommend(user, 7));
            const TopItems top = ranking.top(ranking.encode_users({user}), 7);
            const auto direct = learn.recommend(user, 7);
            for (int64_t i = 0; i < 7; ++i) {
                EXPECT_EQ(ranking.items().name(top.items[0][i].item<int64_t>()), direct.at(static_cast<size_t>(i)).name);
            }
        }
        if (kind == RankingKind::dot) {
            EXPECT_THROW(learn.recommend_for({"i1"}), UsageError);
            EXPECT_THAT(message_of<Error>([&] { predictor.recommend_for_items({"i1"}); }), HasSubstr("recommend_for"));
            continue;
        }
        expect_alike(predictor.recommend_for_items({"i1", "i5", "i20"}, 7), learn.recommend_for({"i1", "i5", "i20"}, 7));
        EXPECT_THAT(message_of<Error>([&] { predictor.recommend_for({{"i1", 4}}); }), HasSubstr("without ratings"));
        EXPECT_THAT(message_of<Error>([&] { predictor.recommend_for_items({"i1", "i1"}); }), HasSubstr("given twice"));
        EXPECT_THAT(message_of<Error>([&] { predictor.recommend_for_items({"i999"}); }), HasSubstr("i999"));
    }
}

TEST(RankingLearner, a_file_that_must_not_tell_what_users_had_is_not_made_of_weights_between_items) {
    const Interactions data = events();
    const TemporaryFolder folder;
    RankingLearner ease = trained(data, recipe_of(data, RankingKind::ease)), bag = trained(data, recipe_of(data, RankingKind::bag));
    const auto path = folder.path() / "model.pt";
    EXPECT_THAT(message_of<Error>([&] { ease.export_torchscript(path, {.include_rated = false}); }), HasSubstr("include_rated"));
    EXPECT_FALSE(std::filesystem::exists(path));
    bag.export_torchscript(path, {.include_rated = false});
    const ItemRanking ranking(Predictor::load(path));
    EXPECT_FALSE(ranking.rated_offsets().defined());
    EXPECT_EQ(ranking.top(torch::tensor({1}), 1000).items.size(1), data.items().size() - 1);
}

TEST(RankingLearner, a_new_user_with_a_training_users_items_gets_that_users_list) {
    const Interactions data = events();
    const int64_t user = data.users().index("u5");
    const int64_t* offsets = data.train().bags.offsets.const_data_ptr<int64_t>();
    std::vector<std::string> history;
    for (int64_t i = offsets[user]; i < offsets[user + 1]; ++i) {
        history.push_back(data.items().name(data.train().bags.indices[i].item<int64_t>()));
    }
    for (const auto kind : {RankingKind::bag, RankingKind::ease, RankingKind::item_knn, RankingKind::popularity}) {
        const auto learn = trained(data, recipe_of(data, kind));
        expect_alike(learn.recommend_for(history, 6), learn.recommend("u5", 6));
    }
}

TEST(RankingLearner, refuses_questions_that_cannot_be_answered) {
    const Interactions data = events();
    const auto learn = trained(data, recipe_of(data, RankingKind::bag));
    EXPECT_THROW(learn.recommend_for({}), UsageError);
    EXPECT_THAT(message_of<Error>([&] { learn.recommend_for({"i1", "i1"}); }), HasSubstr("given twice"));
    EXPECT_THAT(message_of<Error>([&] { learn.recommend_for({"i99"}); }), HasSubstr("Nothing is known of 'i99'"));
    EXPECT_THAT(message_of<Error>([&] { learn.similar_items("i99"); }), HasSubstr("Nothing is known"));
    EXPECT_EQ(learn.similar_items("i1", 3).size(), 3);
    EXPECT_THROW(trained(data, recipe_of(data, RankingKind::ease)).similar_items("i1"), UsageError);
    EXPECT_THAT(message_of<UsageError>([&] { ranking_learner(data, {.kind = RankingKind::two_tower}); }), HasSubstr("table"));
    EXPECT_THROW(ranking_kind_of("svd"), UsageError);
    EXPECT_THROW(ranking_loss_of("mse"), UsageError);
    EXPECT_THROW(learn.measure("ndcg"), UsageError);
}

TEST(RankingLearner, lists_shorter_than_k_are_measured) {
    const Table table = Table::from_text({{"user", {"a", "a", "b", "b", "a"}}, {"item", {"x", "y", "x", "z", "z"}}});
    const Interactions data = Interactions::from_table(table, {.test_pct = 0.4, .valid_pct = 0, .seed = 2});
    const auto learn = trained(data, recipe_of(data, RankingKind::popularity));
    EXPECT_NO_THROW(learn.measure("recall@20,coverage@20"));
}

/// Weights after a fit that was stopped after so many batches and resumed, or was not stopped.
std::vector<at::Tensor> weights_of(const Interactions& data, const RankingRecipe& recipe, int64_t stop_after) {
    const TemporaryFolder folder;
    const auto made = [&] {
        set_seed(9);
        return ranking_learner(data, recipe.model, recipe.learner);
    };
    auto learn = made();
    if (stop_after > 0) {
        std::stop_source stop;
        struct StopAfter : Callback {
            StopAfter(std::stop_source source, int64_t batches) : source(std::move(source)), left(batches) {}
            void after_batch(TrainingState&) override {
                if (--left == 0) source.request_stop();
            }
            std::string name() const override { return "stop_after"; }
            std::stop_source source;
            int64_t left;
        };
        learn.fit_one_cycle(4, 0.02, {.callbacks = {std::make_shared<StopAfter>(stop, stop_after)},
                                      .stop = stop.get_token(), .checkpoint = {.dir = folder.path()}});
        learn = made();
        set_seed(1234);  // what is drawn must come from the checkpoint
        learn.fit_one_cycle(4, 0.02, {.checkpoint = {.dir = folder.path(), .resume = true}});
    } else {
        learn.fit_one_cycle(4, 0.02);
    }
    std::vector<at::Tensor> weights;
    for (const auto& parameter : learn.model().module().parameters()) weights.push_back(parameter.detach().clone());
    return weights;
}

TEST(RankingLearner, a_stopped_fit_is_resumed_to_the_bit_with_every_loss) {
    const Interactions data = events();
    for (const auto loss : {RankingLoss::softmax, RankingLoss::sampled, RankingLoss::bpr, RankingLoss::bce}) {
        const RankingRecipe recipe = recipe_of(data, RankingKind::bag, loss);
        const auto expected = weights_of(data, recipe, 0);
        for (const int64_t stop : {1, 6}) {
            const auto resumed = weights_of(data, recipe, stop);
            for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(expected[i].equal(resumed[i])) << static_cast<int>(loss);
        }
    }
}

TEST(RankingLearner, large_pairs_count_as_so_many) {
    // Two tables: events that come twice, and a weight of 2.
    const auto data_of = [](bool repeated) {
        std::vector<std::string> users, items, weights;
        for (int user = 0; user < 8; ++user) {
            for (int item = 0; item < 6; ++item) {
                if ((user + item) % 3 == 0) continue;
                const bool twice = (user * item) % 2 == 0;
                for (int i = 0; i < (repeated && twice ? 2 : 1); ++i) {
                    users.push_back(concat(user));
                    items.push_back(concat("i", item));
                    weights.push_back(twice && !repeated ? "2" : "1");
                }
            }
        }
        const Table table = Table::from_text({{"user", users}, {"item", items}, {"n", weights}});
        return Interactions::from_table(table, {.weight_name = "n", .test_pct = 0});
    };
    const Interactions repeated = data_of(true), weighed = data_of(false);
    for (const auto loss : {RankingLoss::softmax, RankingLoss::bpr}) {
        const auto a = weights_of(repeated, recipe_of(repeated, RankingKind::dot, loss), 0);
        const auto b = weights_of(weighed, recipe_of(weighed, RankingKind::dot, loss), 0);
        for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].equal(b[i]));
    }
}

}  // namespace ranking_learner_test
}  // namespace embark
