#include <embark/metrics/metric.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/metrics/metrics.h>

#include "test_files.h"

namespace embark {
namespace metric_test {

using ::testing::HasSubstr;
using testing::message_of;

double value_over(Metric metric, const std::vector<std::pair<at::Tensor, at::Tensor>>& batches) {
    metric.reset();
    for (const auto& [p, y] : batches) metric.accumulate({p}, {y});
    return metric.value();
}

const at::Tensor kP1 = torch::tensor({1.0, 2.0, 3.0}), kY1 = torch::tensor({1.0, 1.0, 1.0});
const at::Tensor kP2 = torch::tensor({5.0}), kY2 = torch::tensor({1.0});

/// The sum of all predictions of a batch, or of all.
Metric sum_of_predictions(Metric::Over over) {
    return {"sum", Direction::higher_is_better, over, [](const at::Tensor& p, const at::Tensor&) { return p.sum(); }};
}

TEST(Metric, an_average_is_weighted_by_batch_size) {
    EXPECT_NEAR(value_over(mae(), {{kP1, kY1}, {kP2, kY2}}), (0 + 1 + 2 + 4) / 4.0, 1e-12);
    EXPECT_EQ(value_over(sum_of_predictions(Metric::Over::batches), {{kP1, kY1}, {kP2, kY2}}), (6 * 3 + 5) / 4.0);
}

TEST(Metric, what_is_over_all_sees_all_at_once) {
    EXPECT_EQ(value_over(sum_of_predictions(Metric::Over::all), {{kP1, kY1}, {kP2, kY2}}), 11);
}

TEST(Metric, the_end_comes_after_the_mean) {
    EXPECT_NEAR(value_over(rmse(), {{kP1, kY1}, {kP2, kY2}}), std::sqrt((0 + 1 + 4 + 16) / 4.0), 1e-12);
    const auto doubled = avg_metric(
        "doubled", Direction::higher_is_better, [](const at::Tensor& p, const at::Tensor&) { return p.mean(); },
        [](double mean) { return 2 * mean; });
    EXPECT_EQ(value_over(doubled, {{kP1, kY1}, {kP2, kY2}}), 5.5);
}

TEST(Metric, along_an_axis_takes_the_classes_from_there) {
    const auto logits = torch::randn({2, 4, 3, 4}), y = torch::randint(4, {2, 3, 4}, at::kLong);
    Metric along = accuracy().along_axis(1);
    along.accumulate({logits}, {y});
    EXPECT_NEAR(along.value(), (logits.argmax(1) == y).to(at::kDouble).mean().item<double>(), 1e-12);
    EXPECT_EQ(along.name(), "accuracy");
    // As many values as if the last dimension were the classes.
    EXPECT_THAT(message_of<Error>([&] { accuracy().accumulate({logits}, {y}); }),
                HasSubstr("where dimension 1 is the classes, add .along_axis(1)"));
    EXPECT_THAT(message_of<Error>([&] { accuracy().along_axis(5).accumulate({logits}, {y}); }),
                HasSubstr("The metric accuracy cannot be computed: The axis 5 is not one"));
}

TEST(Metric, sums_in_float64) {
    Metric metric = avg_metric("mean", Direction::higher_is_better,
                               [](const at::Tensor& p, const at::Tensor&) { return p.mean(); });
    const auto y = torch::zeros({1});
    metric.accumulate({torch::full({1}, 16777216.0f)}, {y});
    for (int i = 0; i < 3; ++i) metric.accumulate({torch::ones({1})}, {y});
    EXPECT_EQ(metric.value(), (16777216 + 3) / 4.0);
}

TEST(Metric, nothing_accumulated_is_no_number) {
    EXPECT_TRUE(std::isnan(value_over(rmse(), {})));
    EXPECT_TRUE(std::isnan(value_over(r2_score(), {})));
}

TEST(Metric, a_batch_without_rows_counts_for_nothing) {
    const auto nothing = torch::zeros({0});
    EXPECT_NEAR(value_over(mae(), {{kP1, kY1}, {nothing, nothing}}), 1, 1e-12);
    EXPECT_TRUE(std::isnan(value_over(mae(), {{nothing, nothing}})));
}

TEST(Metric, copies_do_not_share_what_they_have_seen) {
    Metric metric = mae();
    metric.accumulate({kP1}, {kY1});
    Metric copy = metric;
    copy.accumulate({kP2}, {kY2});
    EXPECT_NEAR(metric.value(), 1, 1e-12);
    EXPECT_NEAR(copy.value(), 7 / 4.0, 1e-12);
}

TEST(Metric, keeps_no_graph_of_what_it_has_seen) {
    for (const auto over : {Metric::Over::batches, Metric::Over::all}) {
        bool had_gradient = false;
        Metric metric("seen", Direction::lower_is_better, over, [&](const at::Tensor& p, const at::Tensor&) {
            had_gradient = had_gradient || p.requires_grad();
            return p.sum();
        });
        metric.accumulate({kP1.clone().requires_grad_()}, {kY1});
        EXPECT_EQ(metric.value(), 6);
        EXPECT_FALSE(had_gradient);
    }
}

TEST(Metric, may_look_at_one_output_of_several) {
    Metric second = mae().on(1);
    EXPECT_EQ(second.name(), "mae_1");
    EXPECT_EQ(second.direction(), Direction::lower_is_better);
    second.accumulate({kP1, kP2}, {kY1, kY2});
    EXPECT_EQ(second.value(), 4);
    EXPECT_EQ(mae().on(0).name(), "mae_0");
    EXPECT_THAT(message_of<Error>([&] {
                    second.accumulate({kP1}, {kY1, kY2});
                }),
                HasSubstr("mae_1 needs output 1 and target 1, counted from 0: the model gave 1, the batch has 2"));
    EXPECT_THAT(message_of<Error>([&] {
                    second.accumulate({kP1, kP2}, {kY1, kP1});
                }),
                HasSubstr("The metric mae_1 cannot be computed: predictions of shape [1] need 1 targets"));
}

TEST(Metric, one_that_fails_is_named) {
    const auto named = [](Metric::Function function) {
        return message_of<Error>([&] {
            value_over(avg_metric("mine", Direction::lower_is_better, std::move(function)), {{kP1, kY1}});
        });
    };
    EXPECT_THAT(named([](const at::Tensor& p, const at::Tensor&) { return p; }),
                HasSubstr("mine cannot be computed: its function gave a tensor of shape [3] rather than one number"));
    EXPECT_THAT(named([](const at::Tensor& p, const at::Tensor&) { return p.matmul(torch::zeros({2})); }),
                HasSubstr("mine cannot be computed from predictions of shape [3] and targets of shape [3]: "));
}

TEST(Metric, in_units_looks_at_transformed_predictions_and_targets) {
    Metric metric = rmse().on(1, "rmse_price").in_units([](const at::Tensor& values) { return values.exp(); });
    EXPECT_EQ(metric.name(), "rmse_price");
    EXPECT_EQ(metric.output(), 1U);
    const at::Tensor other = torch::zeros({2}), prices = torch::tensor({3.0, 5.0});
    metric.accumulate({other, prices.log()}, {other, torch::tensor({3.0, 1.0}).log()});
    EXPECT_NEAR(metric.value(), std::sqrt(8.0), 1e-12);
}

}  // namespace metric_test
}  // namespace embark
