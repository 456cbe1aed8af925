#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/learners/collab_recipe.h>
#include <embark/modules/factorization_model.h>
#include <embark/modules/layers.h>
#include <embark/predictor/predictor.h>

#include "test_files.h"

namespace embark {

namespace best_ratings_test {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

/// Ratings of 30 users and 20 items on 5 days: users of one sex like items of one genre.
CollabDataLoaders ratings(bool times, bool tables, int64_t batch_size = 32) {
    torch::manual_seed(3);
    std::vector<std::string> users, items, values, seconds, sexes, genres, user_ids, item_ids;
    for (int user = 0; user < 30; ++user) {
        user_ids.push_back(concat("u", user));
        sexes.push_back(user % 2 ? "F" : "M");
        for (int item = 0; item < 20; ++item) {
            if ((user * 7 + item * 3) % 4 == 0) continue;
            users.push_back(concat("u", user));
            items.push_back(concat("Film ", item));
            const int day = (user + item * item) % 5;
            values.push_back(std::to_string(3 + (user % 2 == item % 2 ? 1 : -1) + 0.2 * day));
            seconds.push_back(std::to_string(day * 86400 + user));
        }
    }
    for (int item = 0; item < 20; ++item) {
        item_ids.push_back(concat("Film ", item));
        genres.push_back(item % 2 ? "War|Drama" : "Comedy");
    }
    Table table = Table::from_text({{"user", users}, {"title", items}, {"rating", values}, {"time", seconds}});
    CollabOptions options{.batch_size = batch_size, .seed = 1};
    if (times) options.time_name = "time";
    if (tables) {
        options.user_table = {Table::from_text({{"user", user_ids}, {"sex", sexes}})};
        options.item_table = {Table::from_text({{"title", item_ids}, {"genre", genres}})};
    }
    return CollabDataLoaders::from_table(table, options);
}

CollabLearner best_learner(const CollabDataLoaders& dls, int64_t members = 1, bool fused = true) {
    CollabRecipe recipe = best_collab_recipe(dls, members);
    recipe.model.n_factors = 6;
    recipe.learner.progress = false;
    recipe.learner.fused_step = fused;
    torch::manual_seed(5);
    return collab_learner(dls, recipe.model, recipe.learner);
}

std::vector<at::Tensor> weights_of(const Learner& learn) {
    std::vector<at::Tensor> weights;
    for (const auto& parameter : learn.model().module().parameters()) weights.push_back(parameter.detach().clone());
    return weights;
}

double largest_difference(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
    double largest = 0;
    for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, (a[i] - b[i]).abs().max().item<double>());
    return largest;
}

TEST(BestRatings, every_part_that_the_data_have_is_in_the_model) {
    const auto parts = [](bool times, bool tables) {
        auto learn = best_learner(ratings(times, tables));
        std::vector<std::string> names = learn.model().module().named_parameters().keys();
        return names;
    };
    EXPECT_EQ(parts(false, false).size(), 8u);
    EXPECT_EQ(parts(true, false).size(), 10u);
    EXPECT_EQ(parts(true, true).size(), 14u);
}

TEST(BestRatings, tables_and_days_make_better_predictions) {
    const auto error_of = [](bool times, bool tables, int64_t members) {
        const auto dls = ratings(times, tables);
        auto learn = best_learner(dls, members);
        fit_recipe(learn, best_collab_recipe(dls, members));
        return std::sqrt(learn.validate().loss);
    };
    // So few ratings are held close to what is known before them; the mean alone has an error of 1.04.
    for (const int64_t members : {1, 3}) {
        const double plain = error_of(false, false, members), known = error_of(true, true, members);
        EXPECT_LT(plain, 0.85) << members << " members";
        EXPECT_LT(known, plain - 0.03) << members << " members";
    }
}

TEST(BestRatings, fused_and_by_operations_train_to_the_same_weights) {
    std::vector<std::vector<at::Tensor>> weights;
    for (const bool fused : {true, false}) {
        auto learn = best_learner(ratings(true, true), 2, fused);
        learn.fit_one_cycle(2, 0.02);
        weights.push_back(weights_of(learn));
    }
    EXPECT_LE(largest_difference(weights[0], weights[1]), 1e-4);
}

TEST(BestRatings, a_stopped_fit_goes_on_to_the_same_bits) {
    const auto dls = ratings(true, true);
    auto whole = best_learner(dls, 2);
    whole.fit_one_cycle(3, 0.02);
    struct StopAt : Callback {
        std::stop_source stop;
        int left = 0;
        void after_batch(TrainingState&) override {
            if (--left == 0) stop.request_stop();
        }
    };
    for (const int batches : {1, 9, 17}) {
        const TemporaryFolder folder;
        auto stopping = std::make_shared<StopAt>();
        stopping->left = batches;
        auto stopped = best_learner(dls, 2);
        stopped.fit_one_cycle(3, 0.02, {.callbacks = {stopping}, .stop = stopping->stop.get_token(),
                                        .checkpoint = {.dir = folder.path()}});
        auto resumed = best_learner(dls, 2);
        resumed.fit_one_cycle(3, 0.02, {.checkpoint = {.dir = folder.path(), .resume = true}});
        EXPECT_EQ(largest_difference(weights_of(whole), weights_of(resumed)), 0) << "stopped after " << batches;
    }
}

TEST(BestRatings, an_exported_file_answers_as_the_learner) {
    const TemporaryFolder folder;
    for (const int64_t members : {1, 3}) {
        auto learn = best_learner(ratings(true, true), members);
        learn.fit_one_cycle(2, 0.02);
        const auto path = folder.path() / "best.pt";
        learn.export_torchscript(path);
        const Predictor predictor = Predictor::load(path, {.trusted = false});
        const std::vector<std::string> users = {"u1", "u2", "nobody", "u29"},
                                       items = {"Film 3", "no film", "Film 4", "Film 19"};
        const at::Tensor ours = learn.predict(users, items), theirs = predictor.predict(users, items);
        EXPECT_LE((ours - theirs).abs().max().item<double>(), 1e-5);
        const auto mine = learn.recommend("u3", 5), its = predictor.recommend("u3", 5);
        ASSERT_EQ(mine.size(), its.size());
        for (size_t i = 0; i < mine.size(); ++i) EXPECT_NEAR(mine[i].score, its[i].score, 1e-5);
        EXPECT_EQ(predictor.similar("Film 3", 4).front().name, learn.similar_items("Film 3", 4).front().name);
    }
}

TEST(BestRatings, items_that_nobody_rated_are_known_by_their_table) {
    const TemporaryFolder folder;
    // Films of two kinds, of which everybody likes the one better.
    std::vector<std::string> users, films, values, film_ids, kinds, user_ids, halves;
    for (int user = 0; user < 40; ++user) {
        user_ids.push_back(concat("u", user));
        halves.push_back(user % 2 ? "left" : "right");
        for (int film = 0; film < 12; ++film) {
            if ((user + film) % 3 == 0) continue;
            users.push_back(user_ids.back());
            films.push_back(concat("Film ", film));
            values.push_back(film % 2 ? "4.5" : "1.5");
        }
    }
    for (int film = 0; film < 14; ++film) {  // the last two have no ratings
        film_ids.push_back(concat("Film ", film));
        kinds.push_back(film % 2 ? "War" : "Comedy");
    }
    CollabOptions options{.batch_size = 64, .seed = 1};
    options.user_table = {Table::from_text({{"user", user_ids}, {"half", halves}})};
    options.item_table = {Table::from_text({{"film", film_ids}, {"kind", kinds}})};
    const auto dls = CollabDataLoaders::from_table(Table::from_text({{"user", users}, {"film", films}, {"rating", values}}), options);
    EXPECT_TRUE(dls.items().has("Film 13"));
    torch::manual_seed(3);
    CollabRecipe recipe = best_collab_recipe(dls);
    recipe.learner.progress = false;
    auto learn = collab_learner(dls, recipe.model, recipe.learner);
    fit_recipe(learn, recipe);
    learn.export_torchscript(folder.path() / "films.pt");
    const Predictor predictor = Predictor::load(folder.path() / "films.pt");
    for (const char* user : {"u1", "u2"}) {
        EXPECT_GT(learn.predict(user, "Film 13"), learn.predict(user, "Film 12") + 0.2) << user;
        EXPECT_NEAR(predictor.predict({user}, {"Film 13"}).item<double>(), learn.predict(user, "Film 13"), 1e-5);
    }
}

TEST(BestRatings, a_new_user_is_known_by_ratings) {
    const TemporaryFolder folder;
    const auto dls = ratings(true, true);
    for (const int64_t members : {1, 3}) {
        auto learn = best_learner(dls, members);
        fit_recipe(learn, best_collab_recipe(dls, members));
        learn.export_torchscript(folder.path() / "best.pt");
        const Predictor predictor = Predictor::load(folder.path() / "best.pt");
        // Someone who likes the odd films, and one who likes the others.
        const std::vector<Scored> odd = {{"Film 1", 4.5}, {"Film 3", 4.4}, {"Film 2", 2.1}, {"Film 6", 2}, {"Film 7", 4.6}};
        const std::vector<Scored> even = {{"Film 1", 2}, {"Film 3", 2.2}, {"Film 2", 4.4}, {"Film 6", 4.4}};
        for (const auto& given : {odd, even}) {
            const auto mine = learn.recommend_for(given, 6), its = predictor.recommend_for(given, 6);
            ASSERT_EQ(mine.size(), 6u);
            for (size_t i = 0; i < mine.size(); ++i) {
                EXPECT_EQ(mine[i].name, its[i].name);
                EXPECT_NEAR(mine[i].score, its[i].score, 1e-6);
            }
        }
        // The one rates odd films higher than the other does, beside the even ones.
        std::map<std::string, double> of_odd, of_even;
        for (const Scored& film : learn.recommend_for(odd, 20)) of_odd[film.name] = film.score;
        for (const Scored& film : learn.recommend_for(even, 20)) of_even[film.name] = film.score;
        std::array<double, 2> sums = {}, counts = {};
        for (const auto& [film, score] : of_odd) {
            if (!of_even.contains(film)) continue;
            const size_t parity = std::stoi(film.substr(5)) % 2;
            sums[parity] += score - of_even[film];
            ++counts[parity];
        }
        EXPECT_GT(sums[1] / counts[1], sums[0] / counts[0] + 0.2);
        EXPECT_THAT(message_of<Error>([&] { learn.recommend_for({{"Film 99", 4}}); }), HasSubstr("'Film 99'"));
        EXPECT_THAT(message_of<Error>([&] { learn.recommend_for({{"Film 1", 4}, {"Film 1", 5}}); }), HasSubstr("twice"));
        EXPECT_THAT(message_of<Error>([&] { learn.recommend_for({{"Film 1", NAN}}); }), HasSubstr("finite"));
        EXPECT_THAT(message_of<Error>([&] { learn.recommend_for({{"Film 1", 90}}); }), HasSubstr("'Film 1' is 90, and those"));
        EXPECT_THAT(message_of<Error>([&] { predictor.recommend_for({{"Film 1", 90}}); }), HasSubstr("'Film 1' is 90"));
        EXPECT_THAT(message_of<UsageError>([&] { learn.recommend_for({}); }), HasSubstr("at least one item"));
        EXPECT_THAT(message_of<Error>([&] { predictor.recommend_for({{"Film 99", 4}}); }), HasSubstr("'Film 99'"));
        EXPECT_THAT(message_of<Error>([&] { predictor.recommend_for({{"Film 1", 4}, {"Film 1", 5}}); }), HasSubstr("twice"));
        EXPECT_THAT(message_of<Error>([&] { predictor.recommend_for({}); }), HasSubstr("at least one item"));
    }
    auto plain = collab_learner(ratings(false, false), {}, {.progress = false});
    EXPECT_THAT(message_of<UsageError>([&] { plain.recommend_for({{"Film 1", 4}}); }), HasSubstr("implicit_sums"));
}

TEST(BestRatings, a_training_user_is_about_the_same_known_by_ratings_alone) {
    const auto dls = ratings(false, false);
    auto learn = best_learner(dls);
    fit_recipe(learn, best_collab_recipe(dls));
    auto& model = dynamic_cast<FactorizationModelImpl&>(learn.model().module());
    const auto& pairs = dls.train().data().inputs.front();
    const auto& values = dls.train().data().targets.front();
    double difference = 0;
    int64_t n = 0;
    for (int64_t user = 1; user < 10; ++user) {
        const auto rows = pairs.select(1, 0).eq(user).nonzero().flatten();
        const auto items = pairs.index_select(0, rows).select(1, 1);
        const auto known = model.new_user_predictions(items, values.index_select(0, rows).flatten().to(at::kDouble));
        const auto all = torch::arange(1, dls.items().size());
        const auto trained = learn.Learner::predict({torch::stack({torch::full_like(all, user), all}, 1)}).flatten();
        difference += (known.slice(0, 1) - trained).abs().sum().item<double>();
        n += all.numel();
    }
    EXPECT_LT(difference / static_cast<double>(n), 0.25);
}

TEST(BestRatings, factors_and_biases_are_those_with_all_sums) {
    auto learn = best_learner(ratings(false, true));
    learn.fit_one_cycle(1, 0.02);
    const at::Tensor u = learn.user_factors(), v = learn.item_factors();
    const auto* model = dynamic_cast<const FactorizationModelImpl*>(&learn.model().module());
    ASSERT_NE(model, nullptr);
    const at::Tensor score = model->options.offset + learn.user_bias()[4] + learn.item_bias()[7] + u[4].dot(v[7]);
    const double predicted = learn.Learner::predict({torch::tensor({{4, 7}})}).item<double>();
    EXPECT_NEAR(std::clamp(score.item<double>(), model->options.y_range.low, model->options.y_range.high), predicted, 1e-5);
}

TEST(BestRatings, what_does_not_go_together_is_refused) {
    const auto plain = ratings(false, false), timed = ratings(true, false);
    EXPECT_THAT(message_of<UsageError>([&] { collab_learner(plain, {.implicit_sums = true, .use_nn = true}); }),
                HasSubstr("without use_nn"));
    EXPECT_THAT(message_of<UsageError>([&] { collab_learner(timed, {.use_nn = true}); }), HasSubstr("takes no times"));
    EXPECT_THAT(message_of<UsageError>([&] { collab_learner(timed, {.shard_tables = true}); }), HasSubstr("not sharded"));
    EXPECT_THAT(message_of<UsageError>([&] { collab_learner(plain, {.bias = false, .members = 2}); }), HasSubstr("biases"));
    auto lazy = collab_learner(plain, {.implicit_sums = true},
                               {.progress = false, .embedding_update = EmbeddingUpdate::lazy});
    EXPECT_THAT(message_of<Error>([&] { lazy.fit(1); }), HasSubstr("cannot be updated lazily"));
    CollabRecipe recipe = best_collab_recipe(plain);
    recipe.learner.weight_decays["user_factor"] = 1;
    EXPECT_THAT(message_of<Error>([&] { collab_learner(plain, recipe.model, recipe.learner).fit(1); }),
                HasSubstr("weight_decays names 'user_factor'"));
}

TEST(WeightDecays, of_several_names_the_longest_counts) {
    const auto dls = ratings(false, false);
    const auto decays = [&](const std::map<std::string, double>& given) {
        auto learn = collab_learner(dls, {.n_factors = 2}, {.weight_decays = given, .progress = false});
        std::map<std::string, double> found;
        for (const auto& parameter : learn.optimizer().groups().front().parameters) {
            found[parameter.name] = learn.optimizer().weight_decay(0, parameter);
        }
        return found;
    };
    const auto found = decays({{"user_factors", 0.5}, {"item_factors", 0.1}, {"item_factors.weight", 0}});
    EXPECT_EQ(found.at("user_factors.weight"), 0.5);
    EXPECT_EQ(found.at("item_factors.weight"), 0);
    EXPECT_EQ(found.at("user_bias.weight"), 0.01);  // Adam's
    EXPECT_THAT(message_of<UsageError>([&] { decays({{"user_factors", -1}}); }), HasSubstr("Invalid weight decay -1"));
    EXPECT_THAT(message_of<UsageError>([&] { decays({{"user_factors", NAN}}); }), HasSubstr("Invalid weight decay"));
}

TEST(CollabBatchSize, is_that_of_the_preset_and_fits_few_ratings) {
    EXPECT_EQ(collab_batch_size("default", 80000), 64);
    EXPECT_EQ(collab_batch_size("best", 80000), 4096);
    EXPECT_EQ(collab_batch_size("best", 20), 64);
    EXPECT_THROW(collab_batch_size("bset", 1000), UsageError);
}

}  // namespace best_ratings_test
}  // namespace embark
