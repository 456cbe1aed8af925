#include <embark/learners/insight/ensemble.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/learners/export/exported_model.h>
#include <embark/learners/insight/interpretation.h>
#include <embark/metrics/metrics.h>
#include <embark/predictor.h>

#include "../made_table.h"
#include "baselines.h"
#include "test_files.h"

using namespace embark;
using embark::testing::largest_difference;
using embark::testing::make_table;
using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace ensemble_test {

TabularOptions flat_options(std::vector<std::string> targets) {
    return {.y_names = std::move(targets),
            .cat_names = {"city", "rooms"},
            .cont_names = {"size", "age", "income"},
            .y_log = {},
            .scale_targets = true,
            .batch_size = 32};
}

TabularDataLoaders flats(std::vector<std::string> targets = {"let", "price", "grade"}) {
    TabularOptions options = flat_options(std::move(targets));
    if (options.y_names.size() > 1) options.y_log = {"price"};
    return TabularDataLoaders::from_table(make_table(), options);
}

TabularLearner trained(const TabularDataLoaders& dls, uint64_t seed,
                       const TabularLearnerOptions& config = {.layers = {16}}, std::vector<Metric> metrics = {}) {
    set_seed(seed);
    auto learn = tabular_learner(dls, config, {.metrics = std::move(metrics), .progress = false});
    learn.fit_one_cycle(1, 1e-2);
    return learn;
}

/// Members of different kinds, the second a TabM ensemble itself.
std::vector<TabularLearner> different_members(const TabularDataLoaders& dls) {
    std::vector<TabularLearner> members;
    members.push_back(trained(dls, 1));
    members.push_back(trained(dls, 2, {.layers = {8}, .use_bn = false, .members = 3}));
    members.push_back(trained(dls, 3, {.layers = {32, 8}}));
    return members;
}

CollabDataLoaders ratings() {
    std::vector<std::string> users, items, rated;
    for (int user = 0; user < 20; ++user) {
        for (int item = 0; item < 15; ++item) {
            if ((user * 7 + item * 3) % 4 == 0) continue;
            users.push_back(concat("u", user));
            items.push_back(concat("i", item));
            rated.push_back(concat(1 + (user % 3 + item % 4) % 5));
        }
    }
    return CollabDataLoaders::from_table(Table::from_text({{"user", users}, {"item", items}, {"rating", rated}}));
}

TEST(Ensemble, gives_the_mean_probability_and_the_mean_value_of_its_members) {
    const auto dls = flats();
    auto members = different_members(dls);
    auto learn = ensemble(members);
    const auto answer = learn.get_preds().all_predictions;
    std::vector<Tensors> given;
    for (auto& member : members) given.push_back(member.get_preds().all_predictions);
    for (size_t i = 0; i < 3; ++i) {
        const at::Tensor mean = (given[0][i] + given[1][i] + given[2][i]) / 3;
        EXPECT_LE(largest_difference(answer[i], mean), 1e-6) << "output " << i;
    }
    EXPECT_LE(largest_difference(answer[0].sum(1), torch::ones({answer[0].size(0)})), 1e-6);
}

TEST(Ensemble, counts_its_members_by_their_weights) {
    const auto dls = flats();
    auto a = trained(dls, 1), b = trained(dls, 2, {.layers = {8}});
    auto learn = ensemble({&a, &b}, {.weights = {3, 1}});
    const auto answer = learn.get_preds().all_predictions;
    const auto of_a = a.get_preds().all_predictions, of_b = b.get_preds().all_predictions;
    for (size_t i = 0; i < 3; ++i) {
        EXPECT_LE(largest_difference(answer[i], 0.75 * of_a[i] + 0.25 * of_b[i]), 1e-6) << "output " << i;
    }
    EXPECT_THAT(message_of<UsageError>([&] { ensemble({&a, &b}, {.weights = {1}}); }), HasSubstr("given 1 weights"));
    EXPECT_THAT(message_of<UsageError>([&] {
                    ensemble({&a, &b}, {.weights = {1, 0}});
                }),
                HasSubstr("Invalid weight 0"));
}

TEST(Ensemble, answers_validates_and_interprets_as_any_learner) {
    const auto dls = flats({"price"});
    std::vector<TabularLearner> members;
    for (uint64_t seed = 0; seed < 3; ++seed) members.push_back(trained(dls, seed, {.layers = {16}}, {mae()}));
    auto learn = ensemble(members);
    double mean = 0;
    const RawRow row = {{"city", "Oslo"}, {"rooms", 2}, {"size", 60}, {"age", 10}, {"income", 1}};
    for (auto& member : members) mean += member.predict(row).value / 3;
    EXPECT_NEAR(learn.predict(row).value, mean, 1e-6 * std::abs(mean));
    EXPECT_NEAR(learn.predict_table(make_table().head(5))[0].values[0].item<double>(),
                (members[0].predict_table(make_table().head(1))[0].values[0].item<double>() +
                 members[1].predict_table(make_table().head(1))[0].values[0].item<double>() +
                 members[2].predict_table(make_table().head(1))[0].values[0].item<double>()) /
                    3,
                1e-6);
    // The members' metrics, in the target's own units, as those that it is given.
    const double error = learn.validate().metrics.at("mae");
    EXPECT_NEAR(error, ensemble(members, {}, {.metrics = {mae()}}).validate().metrics.at("mae"), 1e-9);
    const auto preds = learn.get_preds();
    const auto& target = learn.tabular_dls().targets()[0];
    EXPECT_NEAR(error, (target.decode(preds.predictions) - target.decode(preds.targets)).abs().mean().item<double>(),
                1e-4);
    EXPECT_EQ(Interpretation(learn).top_losses(3).rows(), 3);
    EXPECT_EQ(learn.summary().model, "Ensemble");
    EXPECT_TRUE(learn.model().module().named_parameters().contains("members.2.layers.0.0.weight"));
    EXPECT_THAT(message_of<Error>([&] { learn.embedding("city"); }), HasSubstr("has no parameter"));
}

TEST(Ensemble, exports_all_members_in_one_file_that_answers_raw_rows_as_the_learner) {
    const auto dls = flats();
    auto learn = ensemble(different_members(dls));
    TemporaryFolder folder;
    learn.export_torchscript(folder.path() / "ensemble.pt");
    const Table rows = make_table({.rows = 2000, .seed = 99, .missing = 0.15, .unknown = 0.15});
    const auto expected = learn.predict_table(rows);
    const auto exported = ExportedModel::load(folder.path() / "ensemble.pt");
    EXPECT_EQ(exported.info().kind, "tabular");
    EXPECT_EQ(exported.info().model, "Ensemble");
    EXPECT_THAT(exported.info().outputs, ElementsAre("let", "price", "grade"));
    const auto answers = exported.predict(rows);
    const auto predictor = Predictor::load(folder.path() / "ensemble.pt");
    for (size_t i = 0; i < 3; ++i) {
        const auto numbers = [&](const TargetPredictions& of) { return of.is_class() ? of.probabilities : of.values; };
        EXPECT_LE(largest_difference(numbers(answers[i]), numbers(expected[i])), 1e-6) << expected[i].target;
    }
    for (int64_t number = 0; number < 20; ++number) {
        RawRow row;
        const Table one = rows.take(torch::tensor({number}));
        for (const auto& name : one.names()) row[name] = one.text(name).front();
        const auto made = predictor.predict_targets(row);
        EXPECT_NEAR(made[0].probabilities[0], expected[0].probabilities[number][0].item<double>(), 1e-6);
        const double price = expected[1].values[number].item<double>();
        EXPECT_NEAR(made[1].value, price, 1e-6 * std::max(1.0, price));
        EXPECT_NEAR(made[2].probabilities[2], expected[2].probabilities[number][2].item<double>(), 1e-6);
    }
}

TEST(Ensemble, of_collaborative_filters_predicts_recommends_and_exports) {
    const auto dls = ratings();
    set_seed(1);
    auto dot = collab_learner(dls, {.n_factors = 8, .y_range = {0, 6}}, {.progress = false});
    auto net = collab_learner(dls, {.n_factors = 8, .y_range = {0, 6}, .use_nn = true}, {.progress = false});
    dot.fit_one_cycle(1, 1e-2);
    net.fit_one_cycle(1, 1e-2);
    auto learn = ensemble({&dot, &net});
    EXPECT_NEAR(learn.predict("u3", "i2"), (dot.predict("u3", "i2") + net.predict("u3", "i2")) / 2, 1e-6);
    const auto best = learn.recommend("u3", 2);
    TemporaryFolder folder;
    learn.export_torchscript(folder.path() / "ratings.pt");
    const auto exported = ExportedModel::load(folder.path() / "ratings.pt");
    EXPECT_NEAR(exported.predict({"u3"}, {"i2"}).item<double>(), learn.predict("u3", "i2"), 1e-6);
    EXPECT_EQ(exported.recommend("u3", 2)[0].name, best[0].name);
    EXPECT_NEAR(exported.recommend("u3", 2)[0].score, best[0].score, 1e-6);
}

TEST(Ensemble, of_models_of_the_users_own_averages_the_probability_of_logits) {
    const auto x = torch::randn({40, 3}), y = torch::randint(2, {40, 1}).to(at::kFloat);
    const auto dls = DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 8});
    std::vector<Learner> members;
    for (int i = 0; i < 2; ++i) {
        members.emplace_back(dls, torch::nn::Linear(3, 1),
                             LearnerOptions{.loss = bce_with_logits_loss_flat(), .progress = false});
    }
    auto learn = ensemble(members);
    const at::Tensor mean = (members[0].get_preds().predictions + members[1].get_preds().predictions) / 2;
    EXPECT_LE(largest_difference(learn.get_preds().predictions, mean), 1e-6);
    // Logits so large that their sigmoid is 0 or 1 in float are still told apart.
    const auto far = Model(torch::nn::Linear(torch::nn::LinearOptions(1, 1).bias(false)));
    const torch::NoGradGuard no_grad;
    far.module().parameters()[0].fill_(1);
    const auto both = ensemble_model({far, far}, {EnsembleAveraging::sigmoid});
    const auto logits = torch::tensor({{-150.0f}, {150.0f}});
    EXPECT_LE(largest_difference(both({logits})[0], logits), 1e-6);
}

TEST(Ensemble, shares_its_members_and_trains_them_jointly) {
    const auto dls = flats({"let"});
    std::vector<TabularLearner> members;
    for (uint64_t seed = 0; seed < 2; ++seed) members.push_back(trained(dls, seed));
    auto learn = ensemble(members, {}, {.progress = false});
    const double before = learn.validate().loss;
    const at::Tensor first = members[0].model().module().parameters()[0].clone();
    learn.fit_one_cycle(3, 1e-2);
    EXPECT_LT(learn.validate().loss, before);
    EXPECT_FALSE(members[0].model().module().parameters()[0].equal(first));

    TemporaryFolder folder;
    learn.save(folder.path() / "ensemble.safetensors");
    std::vector<TabularLearner> others;
    for (uint64_t seed = 5; seed < 7; ++seed) others.push_back(trained(dls, seed));
    auto loaded = ensemble(others);
    loaded.load(folder.path() / "ensemble.safetensors");
    EXPECT_EQ(loaded.validate().loss, learn.validate().loss);
}

TEST(Ensemble, says_why_members_cannot_answer_together) {
    const auto dls = flats({"let"});
    auto first = trained(dls, 1);
    const auto message = [&](TabularLearner other) { return message_of<Error>([&] { ensemble({&first, &other}); }); };
    EXPECT_THAT(message(trained(flats({"price"}), 1)), HasSubstr("targets are let and price"));

    TabularOptions options = flat_options({"let"});
    options.seed = 7;  // other training rows, other means
    EXPECT_THAT(message(trained(TabularDataLoaders::from_table(make_table(), options), 1)),
                AllOf(HasSubstr("Members 0 and 1"), HasSubstr("has other"), HasSubstr("resampled()")));
    options = flat_options({"let"});
    options.cont_names = {"size", "age"};
    EXPECT_THAT(message(trained(TabularDataLoaders::from_table(make_table(), options), 1)),
                HasSubstr("numbers are size, age, income and size, age"));

    const auto x = torch::randn({20, 3}), y = torch::randint(2, {20});
    const auto plain = DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 8});
    const auto linear = [&](int64_t outputs, const Loss& loss) {
        return Learner(plain, torch::nn::Linear(3, outputs), {.loss = loss, .progress = false});
    };
    auto two = linear(2, cross_entropy_loss_flat()), three = linear(3, cross_entropy_loss_flat()),
         focal = linear(2, focal_loss_flat()), mse = linear(2, mse_loss_flat());
    EXPECT_THAT(message_of<Error>([&] {
                    ensemble({&two, &three});
                }),
                HasSubstr("(n, 2) Float as against (n, 3) Float"));
    EXPECT_THAT(message_of<Error>([&] { ensemble({&two, &mse}); }), HasSubstr("trained with the mse loss"));
    EXPECT_NO_THROW(ensemble({&two, &focal}));
    EXPECT_THAT(message_of<UsageError>([] { ensemble(std::vector<Learner>{}); }), HasSubstr("needs a member"));
}

TEST(Ensemble, leaves_its_members_in_the_mode_that_they_were_in) {
    const auto dls = flats({"let"});
    auto a = trained(dls, 1), b = trained(dls, 2);
    a.model().module().train();
    b.model().module().eval();
    const auto learn = ensemble({&a, &b});
    EXPECT_TRUE(a.model().module().is_training());
    EXPECT_FALSE(b.model().module().is_training());
}

TEST(Bagged, predicts_better_than_its_members_do) {
    const auto dls = flats({"price"});
    std::vector<double> losses;
    set_seed(1);
    auto learn = bagged(dls, 6, [&](const TabularDataLoaders& rows) {
        auto member = tabular_learner(rows, {.layers = {64, 32}}, {.progress = false});
        member.fit_one_cycle(8, 1e-2);
        losses.push_back(member.validate().loss);
        return member;
    });
    double mean = 0;
    for (const double loss : losses) mean += loss / 6;
    const double together = learn.validate().loss;
    EXPECT_LT(together, 0.97 * mean);
    EXPECT_TRUE(learn.dls().train().data().targets[0].equal(dls.train().data().targets[0]));
}

TEST(Bagged, gives_each_member_rows_of_its_own) {
    const auto dls = ratings();
    std::vector<at::Tensor> rows;
    auto learn = bagged(
        dls, 2,
        [&](const CollabDataLoaders& drawn) {
            rows.push_back(drawn.train().data().inputs[0]);
            return collab_learner(drawn, {.n_factors = 3}, {.progress = false});
        },
        /*seed=*/5);
    EXPECT_TRUE(rows[0].equal(dls.resampled(5).train().data().inputs[0]));
    EXPECT_TRUE(rows[1].equal(dls.resampled(6).train().data().inputs[0]));
    EXPECT_EQ(learn.recommend("u1", 1).size(), 1U);
    EXPECT_THAT(message_of<UsageError>(
                    [&] { bagged(dls, 0, [](const CollabDataLoaders& drawn) { return collab_learner(drawn); }); }),
                HasSubstr("Invalid number of members 0"));
}

}  // namespace ensemble_test
