#include <embark/callbacks/metrics.h>

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace embark {
namespace {

double value_over(Metric metric, const std::vector<std::pair<at::Tensor, at::Tensor>>& batches) {
    metric.reset();
    for (const auto& [p, y] : batches) metric.accumulate({p}, {y});
    return metric.value();
}

const at::Tensor kP1 = torch::tensor({1.0, 2.0, 3.0}), kY1 = torch::tensor({1.0, 1.0, 1.0});

TEST(Metrics, shapes_n_and_n_by_one_agree) {
    EXPECT_NEAR(value_over(rmse(), {{kP1.reshape({3, 1}), kY1}}), std::sqrt(5 / 3.0), 1e-12);
    EXPECT_NEAR(value_over(mae(), {{kP1.reshape({3, 1}), kY1}}), 1, 1e-12);
}

TEST(Metrics, accuracy_counts_the_largest_output) {
    const auto logits = torch::tensor({{0.1, 0.9}, {0.8, 0.2}, {0.3, 0.7}});
    EXPECT_NEAR(value_over(accuracy(), {{logits, torch::tensor({1, 0, 0})}}), 2 / 3.0, 1e-6);
    EXPECT_NEAR(value_over(accuracy(), {{logits, torch::tensor({{1}, {0}, {0}})}}), 2 / 3.0, 1e-6);
}

TEST(Metrics, each_knows_its_direction) {
    EXPECT_EQ(rmse().direction(), Direction::lower_is_better);
    EXPECT_EQ(accuracy().direction(), Direction::higher_is_better);
}

}  // namespace
}  // namespace embark
