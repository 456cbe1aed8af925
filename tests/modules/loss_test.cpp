#include <embark/modules/loss.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/modules/losses.h>

#include "test_files.h"

namespace embark {
namespace {

using ::testing::HasSubstr;
using testing::message_of;

TEST(Loss, what_is_missing_is_named) {
    EXPECT_THAT(message_of<Error>([] { mse_loss_flat()({torch::zeros({4})}, {}); }), HasSubstr("needs a target"));
    EXPECT_THAT(message_of<Error>([] { mse_loss_flat()({}, {torch::zeros({4})}); }), HasSubstr("needs a prediction"));
    EXPECT_THAT(message_of<Error>([] { Loss()({torch::zeros({4})}, {torch::zeros({4})}); }), HasSubstr("no loss"));
}

TEST(Loss, of_the_users_own_gives_rows_too) {
    const Loss huber("huber", [](const at::Tensor& p, const at::Tensor& y) { return at::huber_loss(p, y); });
    const auto p = torch::tensor({0.0, 3.0, 1.0}), y = torch::tensor({0.5, 0.0, 1.0});
    EXPECT_TRUE(huber({p}, {y}, Reduction::none).allclose(torch::tensor({0.125, 2.5, 0.0})));
    EXPECT_NEAR(huber({p}, {y}).item<double>(), 2.625 / 3, 1e-6);
}

}  // namespace
}  // namespace embark
