#include <embark/learners/insight/label_thresholds.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/learners/tabular_learner.h>
#include <embark/predictor/predictor.h>

#include "test_files.h"

namespace embark {
namespace label_thresholds_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

double f_score(const at::Tensor& p, const at::Tensor& y, double threshold, double beta) {
    const auto predicted = p > threshold, yes = y != 0;
    const double right = predicted.logical_and(yes).sum().item<double>(), square = beta * beta;
    return (1 + square) * right / (square * yes.sum().item<double>() + predicted.sum().item<double>());
}

TEST(LabelThresholds, have_the_highest_f_score_of_all) {
    set_seed(1);
    const auto y = (torch::rand({60, 3}) < torch::tensor({0.5, 0.2, 0.05})).to(at::kFloat);
    const auto p = (0.6 * torch::rand({60, 3}) + 0.3 * y).mul(20).round().div(20);  // with many equal ones
    for (const double beta : {0.5, 1.0, 2.0}) {
        const auto thresholds = best_label_thresholds(p, y, {.beta = beta});
        const auto of_all = best_label_thresholds(p, y, {.per_label = false, .beta = beta});
        for (int64_t label = 0; label < 3; ++label) {
            const auto of_label = p.select(1, label), yes = y.select(1, label);
            const double found = f_score(of_label, yes, thresholds[static_cast<size_t>(label)], beta);
            for (double other = 0; other < 1; other += 0.005)
                EXPECT_GE(found, f_score(of_label, yes, other, beta) - 1e-12);
            EXPECT_EQ(of_all[static_cast<size_t>(label)], of_all[0]);
        }
        for (double other = 0; other < 1; other += 0.005)
            EXPECT_GE(f_score(p, y, of_all[0], beta), f_score(p, y, other, beta) - 1e-12);
    }
}

TEST(LabelThresholds, stay_in_the_middle_where_nothing_else_is_better) {
    const auto p = torch::tensor({{0.9f, 0.2f, 0.3f}, {0.1f, 0.4f, 0.1f}}), y = torch::tensor({{1, 0, 1}, {0, 0, 0}});
    EXPECT_THAT(best_label_thresholds(p, y), ElementsAre(0.5f, 0.5f, ::testing::FloatEq(0.2f)));
    EXPECT_THAT(best_label_thresholds(torch::ones({1, 1}), torch::ones({1, 1})), ElementsAre(0.5f));
    EXPECT_THAT(best_label_thresholds(torch::zeros({1, 1}), torch::ones({1, 1})), ElementsAre(0.5f));
}

TEST(LabelThresholds, refuse_what_has_none) {
    const auto p = torch::rand({4, 2});
    EXPECT_THAT(message_of<Error>([&] { best_label_thresholds(p, torch::zeros({4})); }), HasSubstr("[4, 2] and [4]"));
    EXPECT_THAT(message_of<Error>([&] { best_label_thresholds(p, at::Tensor()); }), HasSubstr("[4, 2] and none"));
    EXPECT_THAT(message_of<Error>([&] { best_label_thresholds(p + 1, p); }), HasSubstr("probabilities from 0 to 1"));
    EXPECT_THAT(message_of<Error>([&] { best_label_thresholds(p / 0 * 0, p); }),
                HasSubstr("probabilities from 0 to 1"));
    EXPECT_THROW(best_label_thresholds(torch::zeros({0, 2}), torch::zeros({0, 2})), Error);
    EXPECT_THROW(best_label_thresholds(p, p, {.beta = 0}), UsageError);
}

/// Rows whose label `rare` is hard to tell, so that it is seldom above 0.5.
Table tagged() {
    set_seed(2);
    std::vector<std::string> tags;
    const auto x = torch::randn({400}, at::kDouble), chance = torch::rand({400}, at::kDouble);
    for (int64_t row = 0; row < 400; ++row) {
        std::vector<std::string> own;
        const double at = x[row].item<double>();
        if (at > 0) own.emplace_back("high");
        if (at > 0.5 && chance[row].item<double>() < 0.4) own.emplace_back("rare");
        tags.push_back(join(own, ";"));
    }
    return Table::of_rows(400).with_column("x", x).with_column("tags", tags);
}

TabularLearner tag_learner() {
    const auto dls = TabularDataLoaders::from_table(tagged(), {.y_names = {"tags"}, .y_multi_label = {"tags"}});
    TabularLearner learn = tabular_learner(dls, {.layers = {16}}, {.progress = false});
    learn.fit_one_cycle(10, 1e-2);
    return learn;
}

int64_t n_of(const std::vector<std::string>& labels, const std::string& part) {
    return std::ranges::count_if(labels, [&](const std::string& text) { return text.find(part) != text.npos; });
}

TEST(LabelThresholds, chosen_by_a_learner_decide_everywhere) {
    const testing::TemporaryFolder folder;
    TabularLearner learn = tag_learner();
    const Table table = tagged();
    const auto before = learn.predict_table(table).front().labels();
    const auto thresholds = learn.choose_thresholds();
    ASSERT_EQ(thresholds.at("tags").size(), 2);
    EXPECT_LT(thresholds.at("tags")[1], 0.45f);
    const auto after = learn.predict_table(table).front().labels();
    EXPECT_GT(n_of(after, "rare"), n_of(before, "rare"));

    // One row, the table of results, the file and the file's own methods.
    const at::Tensor given = table.numbers("x");
    const std::vector<double> x(given.const_data_ptr<double>(), given.const_data_ptr<double>() + given.numel());
    EXPECT_EQ(learn.predict({{"x", x.front()}}).label, after.front());
    const Table results = learn.results(80);
    const auto shown = results.text("prediction");
    EXPECT_EQ(shown, learn.predict_table(results).front().labels());
    learn.export_torchscript(folder.path() / "t.pt");
    const auto file = Predictor::load(folder.path() / "t.pt");
    const std::vector<RawValue> values(x.begin(), x.end());
    EXPECT_EQ(file.predict_columns({{"x", values}}).front().labels(), after);
    c10::Dict<std::string, c10::List<std::string>> no_categories;
    c10::Dict<std::string, c10::List<double>> numbers;
    numbers.insert("x", c10::List<double>(x));
    const auto answer = file.call("predict", {no_categories, numbers});
    std::vector<std::string> by_script;
    for (const auto& label : answer.toTupleRef().elements()[0].toListRef()) by_script.push_back(label.toStringRef());
    EXPECT_EQ(by_script, after);
}

TEST(LabelThresholds, are_for_targets_of_several_labels) {
    const auto dls = TabularDataLoaders::from_table(tagged(), {.y_names = {"x"}});
    TabularLearner learn = tabular_learner(dls, {.layers = {4}}, {.progress = false});
    EXPECT_THAT(message_of<UsageError>([&] { learn.choose_thresholds(); }), HasSubstr("y_multi_label"));
}

}  // namespace label_thresholds_test
}  // namespace embark
