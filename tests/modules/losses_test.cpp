#include <embark/modules/losses.h>

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace {

using ::testing::HasSubstr;
using testing::largest_difference;
using testing::message_of;

/// Compares with every case that the baseline has of a loss: mean, rows, activation and decoding.
void expect_parity(const Loss& loss, size_t cases) {
    const auto baseline = testing::tensor_baseline("losses.safetensors").tensors;
    std::set<std::string> names;
    for (const auto& [key, tensor] : baseline) {
        if (key.starts_with(loss.name() + ".")) names.insert(key.substr(0, key.rfind('.')));
    }
    EXPECT_EQ(names.size(), cases);
    for (const auto& name : names) {
        const auto& prediction = baseline.at(name + ".prediction");
        const auto& target = baseline.at(name + ".target");
        EXPECT_LE(largest_difference(loss({prediction}, {target}), baseline.at(name + ".mean")), 1e-6) << name;
        const auto rows = loss({prediction}, {target}, Reduction::none);
        EXPECT_EQ(rows.sizes(), at::IntArrayRef({target.size(0)})) << name;
        EXPECT_LE(largest_difference(rows, baseline.at(name + ".rows")), 1e-6) << name;
        if (!baseline.contains(name + ".activation")) continue;
        const auto activated = loss.activation(prediction);
        EXPECT_LE(largest_difference(activated, baseline.at(name + ".activation")), 1e-6) << name;
        EXPECT_TRUE(loss.decode(activated).to(at::kLong).equal(baseline.at(name + ".decoded"))) << name;
    }
}

TEST(Losses, mse_agrees_with_fastai) {
    expect_parity(mse_loss_flat(), 4);
}
TEST(Losses, l1_agrees_with_fastai) {
    expect_parity(l1_loss_flat(), 2);
}
TEST(Losses, cross_entropy_agrees_with_fastai) {
    expect_parity(cross_entropy_loss_flat(), 3);
}
TEST(Losses, bce_with_logits_agrees_with_fastai) {
    expect_parity(bce_with_logits_loss_flat(), 3);
}

TEST(Losses, shapes_that_cannot_agree_are_named) {
    EXPECT_THAT(message_of<Error>([] {
                    mse_loss_flat()({torch::zeros({4, 2})}, {torch::zeros({4})});
                }),
                HasSubstr("[4, 2] with targets of shape [4]"));
    EXPECT_THAT(message_of<Error>([] {
                    cross_entropy_loss_flat()({torch::zeros({4, 2})}, {torch::zeros({4})});
                }),
                HasSubstr("int64"));
    EXPECT_THAT(message_of<Error>([] { mse_loss_flat()({torch::zeros({4})}, {}); }), HasSubstr("needs a target"));
    EXPECT_THAT(message_of<Error>([] { Loss()({torch::zeros({4})}, {torch::zeros({4})}); }), HasSubstr("no loss"));
}

TEST(Losses, a_loss_of_the_users_own_gives_rows_too) {
    const Loss huber("huber", [](const at::Tensor& p, const at::Tensor& y) { return at::huber_loss(p, y); });
    const auto p = torch::tensor({0.0, 3.0, 1.0}), y = torch::tensor({0.5, 0.0, 1.0});
    EXPECT_TRUE(huber({p}, {y}, Reduction::none).allclose(torch::tensor({0.125, 2.5, 0.0})));
    EXPECT_NEAR(huber({p}, {y}).item<double>(), 2.625 / 3, 1e-6);
}

}  // namespace
}  // namespace embark
