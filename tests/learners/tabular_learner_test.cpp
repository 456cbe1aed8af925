#include <embark/learners/tabular_learner.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/learners/insight/interpretation.h>
#include <embark/learners/tabular_recipe.h>
#include <embark/metrics/metrics.h>
#include <embark/modules/tabular_model.h>

#include "baselines.h"
#include "made_table.h"
#include "test_files.h"

using namespace embark;
using embark::testing::largest_difference;
using embark::testing::make_table;
using embark::testing::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace tabular_learner_test {

TabularDataLoaders flats(std::vector<std::string> targets, const std::function<void(TabularOptions&)>& change = {}) {
    TabularOptions options{.y_names = std::move(targets),
                           .cat_names = {"city", "rooms"},
                           .cont_names = {"size", "age", "income"},
                           .batch_size = 32};
    if (change) change(options);
    return TabularDataLoaders::from_table(make_table(), options);
}

TabularLearner quiet_learner(const TabularDataLoaders& dls, const TabularLearnerOptions& config = {.layers = {16, 8}},
                             std::vector<Metric> metrics = {}) {
    set_seed(1);
    return tabular_learner(dls, config, {.metrics = std::move(metrics), .progress = false});
}

TEST(TabularLearner, learns_classes_from_categories_and_numbers) {
    auto learn = quiet_learner(flats({"let"}), {.layers = {32, 16}}, {accuracy(), roc_auc()});
    learn.fit_one_cycle(8, 1e-2);
    const Validation final = learn.validate();
    EXPECT_GT(final.metrics.at("accuracy"), 0.85);
    EXPECT_GT(final.metrics.at("roc_auc"), 0.95);
}

TEST(TabularLearner, has_an_embedding_of_the_rules_width_for_each_category_and_a_norm_for_the_numbers) {
    const auto learn = quiet_learner(flats({"let"}));
    EXPECT_THAT(learn.embedding("city").sizes().vec(), ElementsAre(5, embedding_width(5)));
    EXPECT_THAT(learn.embedding("age_na").sizes().vec(), ElementsAre(3, embedding_width(3)));
    EXPECT_TRUE(at::equal(learn.embedding("city", "Oslo"), learn.embedding("city")[2]));
    EXPECT_THAT(message_of<Error>([&] { learn.embedding("citi"); }), HasSubstr("did you mean 'city'"));
    EXPECT_THAT(message_of<Error>([&] { learn.embedding("city", "Olso"); }), HasSubstr("did you mean 'Oslo'"));
    const auto wide = quiet_learner(flats({"let"}), {.emb_szs = {{"city", 7}}});
    EXPECT_EQ(wide.embedding("city").size(1), 7);
    EXPECT_THAT(message_of<UsageError>([&] {
                    quiet_learner(flats({"let"}), {.emb_szs = {{"size", 7}}});
                }),
                HasSubstr("'size', which is no column of categories"));
}

TEST(TabularLearner, metrics_of_values_are_in_the_targets_own_units) {
    const auto dls = flats({"price"}, [](TabularOptions& options) {
        options.y_log = {"price"};
        options.scale_targets = true;
    });
    auto learn = quiet_learner(dls, {.layers = {32}}, {rmse(), mae()});
    learn.fit_one_cycle(8, 1e-2);
    const Predictions valid = learn.get_preds();
    const TargetColumn& price = dls.targets()[0];
    const at::Tensor errors = price.decode(valid.predictions) - price.decode(valid.targets);
    EXPECT_NEAR(learn.validate().metrics.at("rmse"), errors.square().mean().sqrt().item<double>(), 1e-4);
    EXPECT_NEAR(learn.validate().metrics.at("mae"), errors.abs().mean().item<double>(), 1e-4);
    EXPECT_LT(learn.validate().metrics.at("mae"), 3);  // prices are some 8 on average
}

TEST(TabularLearner, y_range_is_in_the_targets_own_units) {
    const auto dls = flats({"price"}, [](TabularOptions& options) { options.scale_targets = true; });
    auto learn = quiet_learner(dls, {.layers = {16}, .y_range = {2, 4}});
    const auto values = learn.predict_table(make_table({.rows = 200, .seed = 6})).front().values;
    EXPECT_GE(values.min().item<double>(), 2);
    EXPECT_LE(values.max().item<double>(), 4);
    EXPECT_THAT(message_of<UsageError>([&] {
                    quiet_learner(flats({"let"}), {.y_range = {0, 1}});
                }),
                HasSubstr("one target of values"));
}

TEST(TabularLearner, several_targets_share_one_network_and_have_metrics_of_their_own) {
    const auto dls = flats({"let", "price", "grade"}, [](TabularOptions& options) { options.scale_targets = true; });
    auto learn =
        quiet_learner(dls, {.layers = {32, 16}, .target_weights = {1, 0.5, 1}},
                      {accuracy().on(0, "accuracy_let"), r2_score().on(1), accuracy().on(2, "accuracy_grade")});
    learn.fit_one_cycle(8, 1e-2);
    const Validation final = learn.validate();
    EXPECT_GT(final.metrics.at("accuracy_let"), 0.85);
    EXPECT_GT(final.metrics.at("r2_score_1"), 0.5);
    EXPECT_GT(final.metrics.at("accuracy_grade"), 0.7);
    const auto predictions = learn.predict_table(make_table({.rows = 10, .seed = 7}));
    ASSERT_EQ(predictions.size(), 3U);
    EXPECT_THAT(predictions[2].classes, ElementsAre("A", "B", "C"));
    EXPECT_EQ(predictions[1].values.numel(), 10);
    EXPECT_THAT(message_of<UsageError>([&] { quiet_learner(dls, {.target_weights = {1}}); }),
                HasSubstr("1 weights for 3 targets"));
}

TEST(TabularLearner, predicts_one_raw_row_as_the_table_of_that_row) {
    auto learn = quiet_learner(flats({"grade", "price"}));
    learn.fit_one_cycle(1, 1e-2);
    const RawRow row = {{"city", "Oslo"}, {"rooms", 2}, {"size", 55.5}, {"age", std::nullopt}, {"income", 1.5}};
    const Table table = Table::from_text(
        {{"income", {"1.5"}}, {"rooms", {"2"}}, {"age", {""}}, {"city", {"Oslo"}}, {"size", {"55.5"}}});
    const auto one = learn.predict_targets(row);
    const auto all = learn.predict_table(table);
    EXPECT_EQ(one[0].label, all[0].labels().front());
    EXPECT_THAT(one[0].classes, ElementsAre("A", "B", "C"));
    EXPECT_EQ(one[0].probability, *std::max_element(one[0].probabilities.begin(), one[0].probabilities.end()));
    EXPECT_NEAR(one[0].probabilities[1], all[0].probabilities[0][1].item<double>(), 1e-6);
    EXPECT_NEAR(one[1].value, all[1].values[0].item<double>(), 1e-6);
    EXPECT_EQ(learn.predict(row).target, "grade");
    EXPECT_THAT(message_of<Error>([&] { learn.predict(RawRow{{"city", "Oslo"}}); }), HasSubstr("'rooms'"));
}

TEST(TabularLearner, predicts_encoded_inputs_in_braces) {
    auto learn = quiet_learner(flats({"price"}));
    const auto batch = learn.dls().one_batch();
    const at::Tensor x_cat = batch.inputs[0], x_cont = batch.inputs[1];
    EXPECT_TRUE(learn.predict({x_cat, x_cont}).equal(learn.predict(Tensors{x_cat, x_cont})));
}

TEST(TabularLearner, what_single_values_mean_is_learned_from_embeddings_of_values) {
    // Odd or even is no smooth function of a number; numbers of all different values come along and get none.
    std::vector<std::string> number, odd, other;
    for (int i = 0; i < 2000; ++i) {
        number.push_back(std::to_string(i * 7 % 40));
        odd.push_back(i * 7 % 40 % 2 == 1 ? "odd" : "even");
        other.push_back(std::to_string(i * 0.37));
    }
    const Table table = Table::from_text({{"number", number}, {"other", other}, {"parity", odd}});
    const auto accuracy_of = [&](int64_t max_values) {
        set_seed(3);
        const auto dls =
            TabularDataLoaders::from_table(table, {.y_names = {"parity"}, .cont_names = {"number", "other"}});
        auto learn = tabular_learner(dls, {.layers = {32}, .max_values = max_values},
                                     {.metrics = {accuracy()}, .progress = false});
        learn.fit_one_cycle(3, 1e-2);
        return learn.validate().metrics.at("accuracy");
    };
    EXPECT_GT(accuracy_of(40), 0.99);
    EXPECT_LT(accuracy_of(39), 0.8);
    EXPECT_LT(accuracy_of(0), 0.8);
}

TEST(TabularLearner, shows_results_in_raw_values) {
    auto learn = quiet_learner(flats({"let", "price"}));
    const Table results = learn.results(5);
    EXPECT_THAT(results.names(), ElementsAre("city", "rooms", "age_na", "size", "age", "income", "let", "price",
                                             "prediction_let", "prediction_price"));
    EXPECT_THAT(results.text("prediction_let"), ::testing::Each(::testing::AnyOf("yes", "no")));
    Interpretation interp(learn);
    EXPECT_THAT(interp.confusion_matrix().classes, ElementsAre("no", "yes"));
    EXPECT_EQ(interp.top_losses(3).rows(), 3);
    EXPECT_THAT(message_of<Error>([&] { interp.confusion_matrix({}, 1); }), HasSubstr("numbers"));
    EXPECT_THAT(message_of<Error>([&] { interp.confusion_matrix({}, 2); }), HasSubstr("no target 2"));
}

TEST(TabularLearner, hides_categories_in_training_so_that_the_unknown_one_learns) {
    const auto moved = [](double share) {
        auto learn = quiet_learner(flats({"let"}, [&](TabularOptions& options) {
            options.hide_categories = share;
            options.cat_names = {"rooms"};  // none is missing in training
        }));
        learn.optimizer().set_hyper("wd", 0);
        const at::Tensor before = learn.embedding("rooms", "#na#").clone();
        learn.fit(1, 1e-2, {.weight_decay = 0});
        return !at::equal(learn.embedding("rooms", "#na#"), before);
    };
    EXPECT_TRUE(moved(0.05));
    EXPECT_FALSE(moved(0));
}

TEST(TabularRecipe, best_and_fastai_train_a_table_end_to_end) {
    for (const char* name : {"fastai", "best"}) {
        SCOPED_TRACE(name);
        TabularRecipe recipe = recipe_of(name);
        recipe.data.y_names = {"let"};
        recipe.data.ignore_names = {"grade", "price"};
        recipe.data.batch_size = 32;
        recipe.n_epoch = 2;
        recipe.learner.metrics = {accuracy()};
        recipe.learner.progress = false;
        recipe.model.layers = {16};
        set_seed(1);
        auto learn =
            tabular_learner(TabularDataLoaders::from_table(make_table(), recipe.data), recipe.model, recipe.learner);
        const double before = learn.validate().loss;
        fit_recipe(learn, recipe);
        EXPECT_LT(learn.validate().loss, before);
    }
    EXPECT_THAT(message_of<UsageError>([] { recipe_of("bset"); }), HasSubstr("did you mean 'best'"));
}

}  // namespace tabular_learner_test
