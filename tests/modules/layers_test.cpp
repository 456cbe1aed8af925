#include <embark/modules/layers.h>

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

namespace embark {
namespace layers_test {

TEST(Layers, sigmoid_range_maps_into_the_range) {
    const auto y = sigmoid_range(torch::tensor({-100.0, 0.0, 100.0}), {-1, 5});
    EXPECT_NEAR(y[0].item<double>(), -1, 1e-12);
    EXPECT_NEAR(y[1].item<double>(), 2, 1e-12);
    EXPECT_NEAR(y[2].item<double>(), 5, 1e-12);
}

TEST(Layers, embeddings_start_as_a_truncated_normal) {
    const auto weight = torch::empty({1000, 100});
    trunc_normal_(weight);
    EXPECT_LT(weight.abs().max().item<double>(), 0.02);
    const double expected = 0.01 * torch::randn({4'000'000}, at::kDouble).fmod(2).std().item<double>();
    EXPECT_NEAR(weight.std().item<double>(), expected, 5e-5);
    EXPECT_NEAR(weight.mean().item<double>(), 0, 1e-4);
}

TEST(Layers, a_reversed_or_infinite_range_is_refused) {
    EXPECT_NO_THROW(check_y_range({}));
    EXPECT_NO_THROW(check_y_range({-5, -1}));
    EXPECT_THROW(check_y_range({5.5, 0}), UsageError);
    EXPECT_THROW(check_y_range({1, 1}), UsageError);
    EXPECT_THROW(check_y_range({0, INFINITY}), UsageError);
    EXPECT_THROW(check_y_range({NAN, 1}), UsageError);
}

}  // namespace layers_test
}  // namespace embark
