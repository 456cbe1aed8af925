#include <embark/learners/insight/feature_importance.h>

#include <algorithm>
#include <cmath>
#include <random>

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "../made_table.h"
#include "python.h"
#include "test_files.h"

using namespace embark;
using embark::testing::make_table;
using embark::testing::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

namespace feature_importance_test {

std::vector<std::string> names_of(const std::vector<FeatureImportance>& importances) {
    std::vector<std::string> names;
    for (const auto& column : importances) names.push_back(column.name);
    return names;
}

const FeatureImportance& of(const std::vector<FeatureImportance>& importances, const std::string& name) {
    return *std::find_if(importances.begin(), importances.end(), [&](const auto& it) { return it.name == name; });
}

/// What is sold depends on the kind, a little on the age where it is known, and on nothing else.
Table sales(int64_t rows = 1200) {
    std::mt19937 random(3);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::vector<std::string> kind, age, noise, word, sold;
    for (int64_t row = 0; row < rows; ++row) {
        const bool good = uniform(random) < 0.5, known = uniform(random) < 0.8;
        const double years = 10 * uniform(random);
        kind.push_back(good ? "good" : "bad");
        age.push_back(known ? concat(std::round(100 * years) / 100) : "");
        noise.push_back(concat(std::round(1000 * uniform(random)) / 1000));
        word.push_back(uniform(random) < 0.5 ? "a" : "b");
        sold.push_back(concat((good ? 4.0 : 0.0) + (known ? 0.1 * years : 1.5)));
    }
    return Table::from_text({{"kind", kind}, {"age", age}, {"noise", noise}, {"word", word}, {"sold", sold}});
}

TabularLearner sales_learner(std::vector<Metric> metrics = {}) {
    const TabularOptions options{
        .y_names = {"sold"}, .cat_names = {"kind", "word"}, .cont_names = {"age", "noise"}, .batch_size = 32};
    set_seed(1);
    auto learn = tabular_learner(TabularDataLoaders::from_table(sales(), options), {.layers = {32}},
                                 {.metrics = std::move(metrics), .progress = false});
    learn.fit_one_cycle(6, 1e-2);
    return learn;
}

TEST(FeatureImportance, the_column_that_decides_is_first_and_noise_counts_nothing) {
    auto learn = sales_learner();
    const auto importances = feature_importance(learn);
    ASSERT_THAT(importances, SizeIs(4));
    EXPECT_EQ(importances[0].name, "kind");
    EXPECT_EQ(importances[1].name, "age");
    // Half of the rows get the other kind, whose values are 4 away.
    EXPECT_NEAR(importances[0].mean, 8, 1.2);
    EXPECT_GT(importances[1].mean, 0.05);
    EXPECT_NEAR(of(importances, "noise").mean, 0, 0.02);
    EXPECT_NEAR(of(importances, "word").mean, 0, 0.02);
}

TEST(FeatureImportance, is_the_growth_of_the_loss_when_a_number_and_its_flag_are_shuffled) {
    auto learn = sales_learner();
    const auto age = of(feature_importance(learn, {.n_repeats = 3, .seed = 9}), "age");

    // scikit-learn's definition, by hand: the score of shuffled rows against that of the rows as they are.
    const Batch rows = learn.dls().valid().data();
    const auto loss_of = [&](const at::Tensor& x_cat, const at::Tensor& x_cont) {
        const at::Tensor error = learn.predict(Tensors{x_cat, x_cont}).reshape(-1) - rows.targets[0].reshape(-1);
        return error.to(at::kDouble).square().mean().item<double>();
    };
    const auto& categories = learn.tabular_dls().categories();
    int64_t flag = 0;
    while (categories[static_cast<size_t>(flag)].name != "age_na") ++flag;
    auto generator = at::detail::createCPUGenerator(9);
    std::vector<double> expected;
    for (int repeat = 0; repeat < 3; ++repeat) {
        const at::Tensor order = torch::randperm(rows.size(), generator, at::TensorOptions(at::kLong));
        at::Tensor x_cat = rows.inputs[0].clone(), x_cont = rows.inputs[1].clone();
        x_cat.select(1, flag).copy_(rows.inputs[0].select(1, flag).index_select(0, order));
        x_cont.select(1, 0).copy_(rows.inputs[1].select(1, 0).index_select(0, order));
        expected.push_back(loss_of(x_cat, x_cont) - loss_of(rows.inputs[0], rows.inputs[1]));
    }
    ASSERT_THAT(age.values, SizeIs(3));
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(age.values[i], expected[i], 1e-5);
    const at::Tensor values = torch::tensor(age.values, at::kDouble);
    EXPECT_NEAR(age.mean, values.mean().item<double>(), 1e-12);
    EXPECT_NEAR(age.deviation, values.std(/*unbiased=*/false).item<double>(), 1e-12);
}

TEST(FeatureImportance, measures_by_how_much_a_metric_gets_worse_in_its_direction) {
    auto learn = sales_learner({r2_score(), mae()});
    const auto by_r2 = feature_importance(learn, {.metric = "r2_score"});
    const auto by_mae = feature_importance(learn, {.metric = "mae"});
    EXPECT_EQ(by_r2[0].name, "kind");
    EXPECT_EQ(by_mae[0].name, "kind");
    EXPECT_GT(by_r2[0].mean, 1);
    EXPECT_NEAR(by_mae[0].mean, 2, 0.3);
    EXPECT_THAT(message_of<Error>([&] { feature_importance(learn, {.metric = "r2"}); }),
                AllOf(HasSubstr("no metric 'r2'"), HasSubstr("r2_score")));
}

TEST(FeatureImportance, leaves_the_learner_and_the_random_numbers_as_they_were) {
    auto learn = sales_learner();
    auto& model = learn.model().module();
    model.train();
    model.children()[0]->eval();
    const at::Tensor random = rng_state();
    const auto first = feature_importance(learn, {.n_repeats = 1});
    EXPECT_TRUE(rng_state().equal(random));
    EXPECT_TRUE(model.is_training());
    EXPECT_FALSE(model.children()[0]->is_training());
    EXPECT_EQ(feature_importance(learn, {.n_repeats = 1})[0].mean, first[0].mean);
}

TEST(FeatureImportance, takes_other_rows_where_they_have_targets) {
    auto learn = sales_learner();
    const Table rows = sales(300);
    EXPECT_EQ(feature_importance(learn, learn.tabular_dls().test_dl(rows))[0].name, "kind");
    const DataLoader blind = learn.tabular_dls().test_dl(rows.select({"kind", "word", "age", "noise"}));
    EXPECT_THAT(message_of<Error>([&] { feature_importance(learn, blind); }), HasSubstr("rows with targets"));
    EXPECT_THAT(message_of<UsageError>([&] { feature_importance(learn, {.n_repeats = 0}); }), HasSubstr("n_repeats 0"));
}

TEST(FeatureImportance, knows_every_column_of_several_targets) {
    const TabularOptions options{.y_names = {"let", "price"},
                                 .cat_names = {"city", "rooms"},
                                 .cont_names = {"size", "age", "income"},
                                 .batch_size = 32};
    auto learn =
        tabular_learner(TabularDataLoaders::from_table(make_table(), options), {.layers = {16}}, {.progress = false});
    learn.fit_one_cycle(2, 1e-2);
    EXPECT_THAT(names_of(feature_importance(learn, {.n_repeats = 1})),
                UnorderedElementsAre("city", "rooms", "size", "age", "income"));
}

TEST(FeatureImportance, a_date_counts_with_all_its_parts_and_a_text_as_a_whole) {
    std::mt19937 random(4);
    std::vector<std::string> day, words, noise, sold;
    for (int row = 0; row < 600; ++row) {
        const int month = 1 + static_cast<int>(random() % 9), kind = static_cast<int>(random() % 2);
        day.push_back(concat("2024-0", month, "-1", random() % 9));
        words.push_back(kind == 0 ? "a dull old thing" : "a bright new thing");
        noise.push_back(concat(random() % 1000));
        sold.push_back(concat(0.5 * month + 2 * kind));
    }
    const Table table = Table::from_text({{"day", day}, {"words", words}, {"noise", noise}, {"sold", sold}});
    const TabularOptions options{.y_names = {"sold"},
                                 .cont_names = {"noise"},
                                 .date_names = {"day"},
                                 .text_names = {"words"},
                                 .text_len = 8,
                                 .batch_size = 32};
    set_seed(1);
    auto learn = tabular_learner(TabularDataLoaders::from_table(table, options), {.layers = {32}, .head = {16}},
                                 {.progress = false});
    learn.fit_one_cycle(6, 1e-2);
    const auto importances = feature_importance(learn);
    EXPECT_THAT(names_of(importances), UnorderedElementsAre("day", "words", "noise"));
    EXPECT_EQ(importances.back().name, "noise");
    EXPECT_GT(of(importances, "day").mean, 0.5);
    EXPECT_GT(of(importances, "words").mean, 0.5);
}

TEST(FeatureImportance, vega_lite_draws_the_bars_in_their_order) {
    const Plot plot = plot_feature_importance({{"zebra", 2, 0.5}, {"ant", 1, 0.25}});
    const auto values = nlohmann::json::parse(plot.json()).at("data").at("values");
    EXPECT_EQ(values.dump(), R"([{"deviation":0.5,"high":2.5,"low":1.5,"mean":2.0,"name":"zebra"},)"
                             R"({"deviation":0.25,"high":1.25,"low":0.75,"mean":1.0,"name":"ant"}])");
    EXPECT_THAT(message_of<Error>([] { plot_feature_importance({}); }), HasSubstr("no column"));

    EMBARK_NEEDS_PYTHON_MODULE("vl_convert");
    const embark::testing::TemporaryFolder folder;
    plot.save(folder.path() / "importance.json");
    const auto texts = embark::testing::run_python("check_plots.py", {folder.path() / "importance.json"});
    for (const char* text : {"Feature importance", "worse by, when shuffled", "zebra", "ant"}) {
        EXPECT_THAT(texts, HasSubstr(std::string(text) + "\n"));
    }
    EXPECT_LT(texts.find("zebra"), texts.find("ant"));
}

}  // namespace feature_importance_test
