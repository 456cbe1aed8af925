#pragma once

#include <string>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/tensors.h>

#include "baselines.h"

namespace embark::testing {

using TensorMap = decltype(TensorFile::tensors);

/// Gives `model` the parameters under `prefix`, all of them and no others.
inline void load_weights(torch::nn::Module& model, const TensorMap& tensors, const std::string& prefix) {
    torch::NoGradGuard no_grad;
    size_t count = 0;
    for (const auto& item : tensors) count += item.first.starts_with(prefix);
    EXPECT_EQ(model.named_parameters().size(), count) << prefix;
    for (auto& item : model.named_parameters()) {
        const auto& weight = tensors.at(prefix + item.key());
        ASSERT_EQ(item.value().sizes(), weight.sizes()) << item.key();
        item.value().copy_(weight);
    }
}

/// Compares every parameter's gradient with the tensor under `prefix`.
inline void expect_gradients(const torch::nn::Module& model, const TensorMap& tensors, const std::string& prefix,
                             double tolerance) {
    for (const auto& item : model.named_parameters()) {
        ASSERT_TRUE(item.value().grad().defined()) << item.key();
        EXPECT_LE(largest_difference(item.value().grad(), tensors.at(prefix + item.key())), tolerance)
            << prefix << item.key();
    }
}

}  // namespace embark::testing
