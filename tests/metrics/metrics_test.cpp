#include <embark/metrics/metrics.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace metrics_test {

using ::testing::HasSubstr;
using testing::message_of;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

/// The value over batches of `batch_size` rows.
double value_over(Metric metric, const at::Tensor& predictions, const at::Tensor& targets, int64_t batch_size) {
    metric.reset();
    for (int64_t row = 0; row < targets.size(0); row += batch_size) {
        const int64_t rows = std::min(batch_size, targets.size(0) - row);
        metric.accumulate({predictions.narrow(0, row, rows)}, {targets.narrow(0, row, rows)});
    }
    return metric.value();
}

double value_of(const Metric& metric, const at::Tensor& predictions, const at::Tensor& targets) {
    return value_over(metric, predictions, targets, targets.size(0));
}

/// Every metric, by its name.
std::map<std::string, Metric> all_metrics() {
    std::vector<Metric> metrics = {accuracy(),
                                   error_rate(),
                                   top_k_accuracy(1),
                                   top_k_accuracy(2),
                                   top_k_accuracy(),
                                   accuracy_multi(),
                                   roc_auc_multi(),
                                   average_precision_multi(),
                                   log_loss(),
                                   perplexity(),
                                   roc_auc_binary(),
                                   roc_auc(),
                                   average_precision(),
                                   balanced_accuracy(),
                                   cohen_kappa(),
                                   matthews_corrcoef(),
                                   mse(),
                                   rmse(),
                                   mae(),
                                   mape(),
                                   msle(),
                                   exp_rmspe(),
                                   r2_score(),
                                   explained_variance(),
                                   pearson_corrcoef(),
                                   spearman_corrcoef()};
    for (const Average average : {Average::binary, Average::macro, Average::micro, Average::weighted}) {
        metrics.push_back(precision({.average = average}));
        metrics.push_back(recall({.average = average}));
        metrics.push_back(f1_score({.average = average}));
        metrics.push_back(fbeta(2, {.average = average}));
        metrics.push_back(fbeta(0.5, {.average = average}));
        metrics.push_back(dice({.average = average}));
        metrics.push_back(jaccard({.average = average}));
        if (average == Average::binary) continue;
        metrics.push_back(precision_multi({.average = average}));
        metrics.push_back(recall_multi({.average = average}));
        metrics.push_back(f1_score_multi({.average = average}));
    }
    std::map<std::string, Metric> by_name = {{"precision_multi above 0.3", precision_multi({.thresh = 0.3})},
                                             {"recall_multi above 0.3", recall_multi({.thresh = 0.3})},
                                             {"f1_score_multi above 0.3", f1_score_multi({.thresh = 0.3})},
                                             {"accuracy_multi above 0.3", accuracy_multi(0.3)},
                                             {"precision of class 0", precision({.pos_label = 0})},
                                             {"recall of class 0", recall({.pos_label = 0})},
                                             {"f1_score of class 0", f1_score({.pos_label = 0})},
                                             {"f2_score of class 0", fbeta(2, {.pos_label = 0})},
                                             {"f0.5_score of class 0", fbeta(0.5, {.pos_label = 0})},
                                             {"dice of class 0", dice({.pos_label = 0})},
                                             {"jaccard of class 0", jaccard({.pos_label = 0})}};
    for (const auto& metric : metrics) EXPECT_TRUE(by_name.emplace(metric.name(), metric).second) << metric.name();
    return by_name;
}

/// Those of pictures, whose classes are dimension 1.
std::map<std::string, Metric> segmentation_metrics() {
    std::map<std::string, Metric> by_name;
    for (const Metric& metric :
         {accuracy(), dice(), jaccard(), dice({.average = Average::macro}), jaccard({.average = Average::macro})}) {
        by_name.emplace(metric.name() + " along axis 1", metric.along_axis(1));
    }
    return by_name;
}

void expect_near(double value, double expected, const std::string& what) {
    if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(value)) << what << ": " << value << " rather than NaN";
    } else {
        EXPECT_LE(std::abs(value - expected), 1e-9 * std::abs(expected) + 1e-15) << what << ": " << value;
    }
}

TEST(Metrics, agree_with_scikit_learn) {
    const auto baseline = testing::tensor_baseline("metrics.safetensors");
    auto metrics = all_metrics();
    metrics.merge(segmentation_metrics());
    std::set<std::string> compared;
    for (const auto& [name, names] : baseline.metadata) {
        const auto& predictions = baseline.tensors.at(name + ".predictions");
        const auto& targets = baseline.tensors.at(name + ".targets");
        const auto expected = baseline.tensors.at(name + ".expected");
        int64_t i = 0;
        for (const std::string metric : nlohmann::json::parse(names)) {
            const double value = expected[i++].item<double>();
            compared.insert(metric);
            expect_near(value_of(metrics.at(metric), predictions, targets), value, name + ", " + metric);
            expect_near(value_over(metrics.at(metric), predictions, targets, 7), value, name + " by sevens, " + metric);
        }
        EXPECT_EQ(i, expected.numel());
    }
    EXPECT_EQ(compared.size(), metrics.size());
}

TEST(Metrics, take_the_precision_and_types_that_models_and_data_have) {
    const auto logits = torch::randn({40, 2}), y = torch::randint(2, {40}, at::kLong);
    for (const auto& metric : {accuracy(), f1_score(), roc_auc(), average_precision()}) {
        const double expected = value_of(metric, logits.to(at::kDouble), y);
        EXPECT_EQ(value_of(metric, logits, y), expected) << metric.name();
        EXPECT_EQ(value_of(metric, logits, y.to(at::kFloat)), expected) << metric.name();
        EXPECT_EQ(value_of(metric, logits, y.to(at::kBool)), expected) << metric.name();
    }
    const auto p = torch::randn({40}), t = torch::randn({40});
    for (const auto& metric : {rmse(), r2_score(), spearman_corrcoef()}) {
        EXPECT_NEAR(value_of(metric, p, t), value_of(metric, p.to(at::kDouble), t.to(at::kDouble)), 1e-15)
            << metric.name();
    }
}

TEST(Metrics, take_sequences_as_rows_beside_one_another) {
    const auto logits = torch::randn({4, 5, 3}), y = torch::randint(3, {4, 5}, at::kLong);
    for (const auto& metric : {accuracy(), log_loss(), f1_score({.average = Average::macro}), roc_auc()}) {
        EXPECT_NEAR(value_of(metric, logits, y), value_of(metric, logits.reshape({20, 3}), y.reshape({20})), 1e-12)
            << metric.name();
    }
}

TEST(Metrics, of_labels_need_a_logit_for_each) {
    const auto logits = torch::zeros({4, 3}), y = torch::zeros({4, 2});
    for (const auto& metric : {f1_score_multi(), roc_auc_multi(), average_precision_multi()}) {
        EXPECT_THAT(message_of<Error>([&] { value_of(metric, logits, y); }), HasSubstr("shape (n, labels)"));
    }
    EXPECT_THAT(message_of<UsageError>([] { f1_score_multi({.average = Average::binary}); }), HasSubstr("macro"));
}

TEST(Metrics, accuracy_and_top_1_agree_where_logits_are_equal) {
    const auto logits = torch::tensor({{1.0, 1.0, 0.0}, {1.0, 1.0, 0.0}, {0.0, 0.0, 0.0}}),
               y = torch::tensor({0, 1, 2});
    EXPECT_NEAR(value_of(accuracy(), logits, y), 1 / 3.0, 1e-12);
    EXPECT_NEAR(value_of(top_k_accuracy(1), logits, y), 1 / 3.0, 1e-12);
    EXPECT_NEAR(value_of(top_k_accuracy(2), logits, y), 2 / 3.0, 1e-12);
    EXPECT_EQ(value_of(top_k_accuracy(3), logits, y), 1);
}

TEST(Metrics, a_target_beyond_the_classes_is_in_no_top) {
    const auto logits = torch::zeros({3, 2}), y = torch::tensor({0, 2, -100});
    EXPECT_NEAR(value_of(top_k_accuracy(5), logits, y), 1 / 3.0, 1e-12);
}

TEST(Metrics, the_area_under_the_curve_counts_rows_that_a_softmax_of_floats_takes_for_equal) {
    const auto logits = torch::tensor({{0.0f, 100.0f}, {0.0f, 200.0f}}), y = torch::tensor({0, 1});
    EXPECT_TRUE(logits.softmax(1)[0][1].equal(logits.softmax(1)[1][1]));
    EXPECT_EQ(value_of(roc_auc_binary(), logits, y), 1);
}

TEST(Metrics, values_that_are_not_finite_give_an_end) {
    for (const double bad : {kNan, kInf, -kInf}) {
        const auto numbers = torch::tensor({bad, 1.0, 2.0, bad}, at::kDouble), y = torch::tensor({0, 1, 1, 0});
        const auto two = torch::stack({numbers, numbers.flip(0)}, 1),
                   three = torch::stack({numbers, numbers, numbers}, 1);
        for (const auto& [name, metric] : all_metrics()) {
            const bool of_classes = name.starts_with("top_");
            const bool of_labels = name.find("_multi") != name.npos;
            value_of(metric, of_classes || of_labels ? two : numbers, of_labels ? torch::stack({y, 1 - y}, 1) : y);
        }
        for (const auto& metric : {log_loss(), roc_auc(), average_precision()}) {
            value_of(metric, two, y);
            value_of(metric, three, y);
        }
        for (const auto& metric : {mse(), r2_score(), explained_variance(), pearson_corrcoef()}) {
            EXPECT_FALSE(std::isfinite(value_of(metric, numbers, torch::tensor({1.0, 2.0, 3.0, 4.0}))))
                << metric.name();
            EXPECT_FALSE(std::isfinite(value_of(metric, torch::tensor({1.0, 2.0, 3.0, 4.0}), numbers)))
                << metric.name();
        }
    }
    const auto scores = torch::tensor({0.5, kNan, 0.1}), y = torch::tensor({1, 0, 0});
    for (const auto& metric : {roc_auc_binary(), roc_auc(), average_precision(), spearman_corrcoef()}) {
        EXPECT_TRUE(std::isnan(value_of(metric, scores, y))) << metric.name();
    }
}

TEST(Metrics, equal_values_whose_mean_is_rounded_are_constant_still) {
    const auto y = torch::full({3}, 0.1, at::kDouble);
    ASSERT_GT((y - y.mean()).abs().max().item<double>(), 0);
    EXPECT_EQ(value_of(r2_score(), torch::tensor({0.1, 0.2, 0.3}, at::kDouble), y), 0);
    EXPECT_EQ(value_of(explained_variance(), y + 0.1, y), 1);
    EXPECT_TRUE(std::isnan(value_of(pearson_corrcoef(), torch::tensor({0.1, 0.2, 0.3}), y)));
}

TEST(Metrics, each_knows_its_direction) {
    const std::set<std::string> lower = {"error_rate", "log_loss", "perplexity", "mse",      "rmse",
                                         "mae",        "mape",     "msle",       "exp_rmspe"};
    for (const auto& [name, metric] : all_metrics()) {
        EXPECT_EQ(metric.direction() == Direction::lower_is_better, lower.contains(name)) << name;
    }
}

TEST(Metrics, shapes_and_classes_that_do_not_fit_are_named) {
    const auto message = [](const Metric& metric, const at::Tensor& p, const at::Tensor& y) {
        return message_of<Error>([&] { value_of(metric, p, y); });
    };
    EXPECT_THAT(message(mae(), torch::zeros({4, 2}), torch::zeros({4})),
                HasSubstr("metric mae cannot be computed: predictions of shape [4, 2] need 8 targets"));
    EXPECT_THAT(message(accuracy(), torch::zeros({4, 2}), torch::zeros({4, 2})),
                HasSubstr("predictions of shape [4, 2] need 4 targets, and the targets have shape [4, 2]"));
    EXPECT_THAT(message(roc_auc(), torch::zeros({4}), torch::zeros({4, 2})), HasSubstr("targets have shape [4, 2]"));
    EXPECT_THAT(message(top_k_accuracy(), torch::zeros({4, 1}), torch::zeros({4})),
                HasSubstr("a logit for each class"));
    EXPECT_THAT(message(f1_score(), torch::zeros({4, 3}), torch::zeros({4})), HasSubstr("choose another average"));
    EXPECT_THAT(message(f1_score(), torch::zeros({4}), torch::full({4}, 2)), HasSubstr("choose another average"));
    EXPECT_THAT(message(cohen_kappa(), torch::zeros({4, 3}), torch::full({4}, 0.5)), HasSubstr("integers"));
    EXPECT_THAT(message(cohen_kappa(), torch::zeros({4, 3}), torch::full({4}, kInf)), HasSubstr("integers"));
    EXPECT_THAT(message(log_loss(), torch::zeros({4, 3}), torch::zeros({4})), HasSubstr("int64"));
    EXPECT_THAT(message(log_loss(), torch::zeros({4, 3}), torch::full({4}, 7)), HasSubstr("out of bounds"));
    EXPECT_THAT(message(roc_auc_binary(), torch::zeros({4, 3}), torch::zeros({4})), HasSubstr("there is roc_auc"));
    EXPECT_THAT(message(average_precision(), torch::zeros({4, 3}), torch::full({4}, 3)),
                HasSubstr("it needs targets from 0 to 2, and they go from 3 to 3"));
}

TEST(Metrics, settings_that_can_never_be_right_are_refused) {
    EXPECT_THAT(message_of<UsageError>([] { top_k_accuracy(0); }), HasSubstr("at least 1"));
    EXPECT_THAT(message_of<UsageError>([] { fbeta(-1); }), HasSubstr("beta"));
    EXPECT_THAT(message_of<UsageError>([] { precision({.pos_label = 2}); }), HasSubstr("0 and 1"));
}

}  // namespace metrics_test
}  // namespace embark
