#include <embark/modules/dot_product.h>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/modules/losses/losses.h>

#include "baselines.h"

namespace embark {
namespace dot_product_test {

using testing::largest_difference;
using testing::tensor_baseline;

constexpr double kTolerance = 1e-6;

/// Loads the baseline's weights, and compares predictions, loss and every gradient with those of `variant`.
template <class Holder>
void expect_parity(Holder model, const std::string& variant) {
    const TensorFile baseline = tensor_baseline("dot_product_bias.safetensors");
    const auto& tensors = baseline.tensors;
    {
        torch::NoGradGuard no_grad;
        for (auto& item : model->named_parameters()) item.value().copy_(tensors.at("weights." + item.key()));
    }
    const auto prediction = model->forward(tensors.at("x"));
    const auto loss = mse_loss_flat()({prediction}, {tensors.at("y")});
    loss.backward();
    EXPECT_EQ(prediction.sizes(), at::IntArrayRef({64, 1}));
    EXPECT_LE(largest_difference(prediction, tensors.at(variant + ".prediction")), kTolerance);
    EXPECT_LE(largest_difference(loss, tensors.at(variant + ".loss")), kTolerance);
    for (const auto& item : model->named_parameters()) {
        EXPECT_LE(largest_difference(item.value().grad(), tensors.at(variant + ".gradient." + item.key())), kTolerance)
            << item.key();
    }
}

DotProductOptions sizes(Range y_range = {}) {
    return {.n_users = 30, .n_items = 40, .n_factors = 50, .y_range = y_range};
}

TEST(DotProduct, agrees_with_pytorch) {
    expect_parity(DotProduct(sizes()), "dot");
}
TEST(DotProduct, agrees_with_pytorch_in_a_range) {
    expect_parity(DotProduct(sizes({0, 5.5})), "dot_range");
}
TEST(DotProductBias, agrees_with_fastai) {
    expect_parity(DotProductBias(sizes()), "bias");
}
TEST(DotProductBias, agrees_with_fastai_in_a_range) {
    expect_parity(DotProductBias(sizes({0, 5.5})), "bias_range");
}

TEST(DotProductBias, prints_its_sizes) {
    std::ostringstream out;
    out << DotProductBias(sizes({0, 5.5}));
    EXPECT_TRUE(
        out.str().starts_with("embark::DotProductBias(n_users=30, n_items=40, n_factors=50, y_range=(0, 5.5))"));
}

TEST(DotProductBias, can_be_cloned) {
    const DotProductBias model(sizes());
    const auto copy = std::dynamic_pointer_cast<DotProductBiasImpl>(model->clone());
    ASSERT_TRUE(copy);
    EXPECT_TRUE(copy->user_factors->weight.equal(model->user_factors->weight));
    EXPECT_NE(copy->user_factors->weight.data_ptr(), model->user_factors->weight.data_ptr());
}

TEST(DotProductBias, refuses_sizes_that_can_never_be_right) {
    EXPECT_THROW(DotProductBias(DotProductOptions{.n_users = 3, .n_items = 3, .n_factors = 0}), UsageError);
    EXPECT_THROW(DotProductBias(DotProductOptions{.n_users = 0, .n_items = 3}), UsageError);
    EXPECT_THROW(DotProductBias(sizes({5, 1})), UsageError);
}

}  // namespace dot_product_test
}  // namespace embark
