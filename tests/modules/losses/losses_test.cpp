#include <embark/modules/losses/losses.h>

#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace losses_test {

using ::testing::HasSubstr;
using testing::largest_difference;
using testing::message_of;

const std::vector<double> kClassWeights = {0.5, 1, 2, 0.125};
const std::vector<double> kColumnWeights = {1, 0.25, 3};

/// The loss' gradient by the predictions.
at::Tensor gradient(const Loss& loss, const at::Tensor& prediction, const at::Tensor& target) {
    const auto p = prediction.detach().clone().requires_grad_();
    loss({p}, {target}).backward();
    return p.grad();
}

/// Compares with every case that the baseline has under `key`: mean, rows, gradient, activation and decoding.
void expect_parity(const std::string& key, const Loss& loss, size_t cases) {
    const auto baseline = testing::tensor_baseline("losses.safetensors").tensors;
    std::set<std::string> names;
    for (const auto& [tensor_name, tensor] : baseline) {
        if (tensor_name.starts_with(key + ".")) names.insert(tensor_name.substr(0, tensor_name.rfind('.')));
    }
    EXPECT_EQ(names.size(), cases);
    for (const auto& name : names) {
        const auto& prediction = baseline.at(name + ".prediction");
        const auto& target = baseline.at(name + ".target");
        EXPECT_LE(largest_difference(loss({prediction}, {target}), baseline.at(name + ".mean")), 1e-6) << name;
        EXPECT_LE(largest_difference(gradient(loss, prediction, target), baseline.at(name + ".gradient")), 1e-6)
            << name;
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
    expect_parity("mse", mse_loss_flat(), 4);
}
TEST(Losses, l1_agrees_with_fastai) {
    expect_parity("l1", l1_loss_flat(), 2);
}
TEST(Losses, cross_entropy_agrees_with_fastai) {
    expect_parity("cross_entropy", cross_entropy_loss_flat(), 4);
}
TEST(Losses, weighted_cross_entropy_agrees_with_fastai) {
    expect_parity("cross_entropy_weighted", cross_entropy_loss_flat({.weight = kClassWeights}), 2);
    expect_parity("cross_entropy_weighted_ignored",
                  cross_entropy_loss_flat({.weight = kClassWeights, .ignore_index = 2}), 1);
}
TEST(Losses, label_smoothing_agrees_with_fastai) {
    expect_parity("cross_entropy_smoothed", label_smoothing_cross_entropy_flat(), 2);
    expect_parity("cross_entropy_smoothed", cross_entropy_loss_flat({.label_smoothing = 0.1}), 2);
    expect_parity("cross_entropy_weighted_smoothed",
                  cross_entropy_loss_flat({.weight = kClassWeights, .label_smoothing = 0.2}), 1);
}
TEST(Losses, focal_agrees_with_fastai) {
    expect_parity("focal", focal_loss_flat(), 2);
    expect_parity("focal_weighted", focal_loss_flat({.gamma = 0.5, .weight = kClassWeights}), 1);
}
TEST(Losses, bce_with_logits_agrees_with_fastai) {
    expect_parity("bce_with_logits", bce_with_logits_loss_flat(), 3);
    expect_parity("bce_with_logits_pos_weight", bce_with_logits_loss_flat({.pos_weight = {2.5}}), 1);
    expect_parity("bce_with_logits_weighted",
                  bce_with_logits_loss_flat({.weight = kColumnWeights, .pos_weight = {2, 0.5, 1.5}}), 1);
}
TEST(Losses, bce_agrees_with_fastai) {
    expect_parity("bce", bce_loss_flat(), 2);
    expect_parity("bce_weighted", bce_loss_flat({.weight = kColumnWeights}), 1);
}

TEST(Losses, along_an_axis_agree_with_fastai) {
    expect_parity("cross_entropy_axis", cross_entropy_loss_flat().along_axis(1), 1);
    expect_parity("cross_entropy_axis", cross_entropy_loss_flat().along_axis(-3), 1);
    expect_parity("cross_entropy_weighted_axis", cross_entropy_loss_flat({.weight = kClassWeights}).along_axis(1), 1);
    expect_parity("focal_axis", focal_loss_flat().along_axis(1), 1);
}
TEST(Losses, of_modules_agree_with_pytorch) {
    using namespace torch::nn;
    expect_parity("module_huber", Loss("huber", HuberLoss(HuberLossOptions().delta(0.7))), 1);
    const auto bce = BCEWithLogitsLossOptions().weight(torch::tensor(kColumnWeights, at::kFloat));
    expect_parity(
        "module_bce_with_logits",
        Loss("bce", BCEWithLogitsLoss(BCEWithLogitsLossOptions(bce).pos_weight(torch::tensor({2.0f, 0.5f, 1.5f})))), 1);
    const auto cross_entropy =
        CrossEntropyLossOptions().weight(torch::tensor(kClassWeights, at::kFloat)).ignore_index(2);
    expect_parity("module_cross_entropy", Loss("cross_entropy", CrossEntropyLoss(cross_entropy)), 1);
    expect_parity("module_soft_margin", Loss("soft_margin", MultiLabelSoftMarginLoss()), 1);
}

TEST(Losses, the_mean_of_weighted_rows_divided_by_their_weights_is_the_mean) {
    const auto loss = cross_entropy_loss_flat({.weight = kClassWeights});
    const auto logits = torch::randn({6, 4}), y = torch::tensor({0, 3, 2, 2, 1, 0});
    const double weights = 0.5 + 0.125 + 2 + 2 + 1 + 0.5;
    EXPECT_NEAR(loss({logits}, {y}, Reduction::none).sum().item<double>() / weights, loss({logits}, {y}).item<double>(),
                1e-6);
}

TEST(Losses, say_what_their_mean_divides_by) {
    const auto y = torch::tensor({0, 3, 2, 2, 1, -100});
    EXPECT_EQ(cross_entropy_loss_flat({.weight = kClassWeights}).weight({y}), 0.5 + 0.125 + 2 + 2 + 1);
    EXPECT_EQ(cross_entropy_loss_flat().weight({y}), 5);
    EXPECT_EQ(cross_entropy_loss_flat({.ignore_index = 2}).weight({y.view({3, 2})}), 2);  // in rows, of two values each
    EXPECT_EQ(mse_loss_flat().weight({y}), 6);
    EXPECT_FALSE(mse_loss_flat().has_weight() || focal_loss_flat({.weight = kClassWeights}).has_weight());
    EXPECT_EQ(mse_loss_flat().with_weight([](const Tensors&) { return 2.5; }).weight({y}), 2.5);
}

TEST(Losses, a_rows_loss_does_not_depend_on_the_other_rows) {
    const auto logits = torch::randn({6, 4}), y = torch::tensor({0, 3, 2, 2, 1, 0});
    for (const auto& loss : {cross_entropy_loss_flat({.weight = kClassWeights}), focal_loss_flat()}) {
        const auto all = loss({logits}, {y}, Reduction::none);
        const auto alone = loss({logits.narrow(0, 2, 1)}, {y.narrow(0, 2, 1)}, Reduction::none);
        EXPECT_NEAR(all[2].item<double>(), alone.item<double>(), 1e-6) << loss.name();
    }
}

TEST(Losses, focal_without_gamma_is_the_cross_entropy) {
    const auto logits = torch::randn({6, 4}), y = torch::tensor({0, 3, 2, 2, 1, 0});
    EXPECT_NEAR(focal_loss_flat({.gamma = 0})({logits}, {y}).item<double>(),
                cross_entropy_loss_flat()({logits}, {y}).item<double>(), 1e-6);
}

TEST(Losses, focal_has_a_gradient_where_the_model_is_quite_sure) {
    const auto logits = torch::tensor({{200.0f, 0.0f}, {0.0f, 200.0f}}), y = torch::tensor({0, 0});
    for (const double gamma : {0.0, 0.5, 1.0, 2.0}) {
        const auto result = gradient(focal_loss_flat({.gamma = gamma}), logits, y);
        EXPECT_TRUE(result.equal(torch::tensor({{0.0f, 0.0f}, {-0.5f, 0.5f}}))) << "gamma " << gamma << ": " << result;
    }
}

TEST(Losses, the_plain_means_are_as_few_nodes_of_the_graph_as_pytorchs) {
    const auto name_of = [](const auto& node) { return node->name(); };
    const auto p = torch::randn({6, 1}).requires_grad_();
    const auto mse = mse_loss_flat()({p}, {torch::randn({6})}).grad_fn();
    EXPECT_EQ(name_of(mse), "MseLossBackward0");
    EXPECT_EQ(name_of(mse->next_edge(0).function), "torch::autograd::AccumulateGrad");

    const auto logits = torch::randn({6, 4}).requires_grad_();
    const auto nll = cross_entropy_loss_flat()({logits}, {torch::zeros({6, 1}, at::kLong)}).grad_fn();
    EXPECT_EQ(name_of(nll), "NllLossBackward0");
    const auto log_softmax = nll->next_edge(0).function;
    EXPECT_EQ(name_of(log_softmax), "LogSoftmaxBackward0");
    EXPECT_EQ(name_of(log_softmax->next_edge(0).function), "torch::autograd::AccumulateGrad");
}

TEST(Losses, bce_is_decoded_above_the_threshold) {
    const auto probabilities = torch::tensor({0.25, 0.5, 0.75});
    EXPECT_TRUE(bce_loss_flat().decode(probabilities).equal(torch::tensor({false, false, true})));
    EXPECT_TRUE(
        bce_with_logits_loss_flat({.thresh = 0.3}).decode(probabilities).equal(torch::tensor({false, true, true})));
    EXPECT_TRUE(bce_loss_flat().activation(probabilities).equal(probabilities));
}

TEST(Losses, shapes_that_cannot_agree_are_named) {
    EXPECT_THAT(message_of<Error>([] {
                    mse_loss_flat()({torch::zeros({4, 2})}, {torch::zeros({4})});
                }),
                HasSubstr("[4, 2] with targets of shape [4]"));
    EXPECT_THAT(message_of<Error>([] {
                    cross_entropy_loss_flat()({torch::zeros({4, 2})}, {torch::zeros({3}, at::kLong)});
                }),
                HasSubstr("[4, 2] with targets of shape [3]"));
    EXPECT_THAT(message_of<Error>([] {
                    cross_entropy_loss_flat()({torch::zeros({4, 2})}, {torch::zeros({4})});
                }),
                HasSubstr("int64"));
}

TEST(Losses, weights_that_do_not_fit_the_classes_are_named) {
    const auto y = torch::zeros({4}, at::kLong);
    EXPECT_THAT(message_of<Error>([&] {
                    cross_entropy_loss_flat({.weight = {1, 2, 3}})({torch::zeros({4, 2})}, {y});
                }),
                HasSubstr("weight of the cross_entropy loss needs a number for each of 2 classes, and has 3"));
    EXPECT_THAT(message_of<Error>([&] {
                    focal_loss_flat({.weight = {1}})({torch::zeros({4, 2})}, {y});
                }),
                HasSubstr("weight of the focal loss needs a number for each of 2 classes, and has 1"));
    EXPECT_THAT(message_of<Error>([&] {
                    bce_with_logits_loss_flat({.pos_weight = {1, 2}})({torch::zeros({4})}, {y});
                }),
                HasSubstr("pos_weight of the bce_with_logits loss needs a number for each of 1 classes, and has 2"));
}

TEST(Losses, settings_that_can_never_be_right_are_refused) {
    EXPECT_THAT(message_of<UsageError>([] { cross_entropy_loss_flat({.weight = {1, -1}}); }), HasSubstr("-1"));
    EXPECT_THAT(message_of<UsageError>([] { bce_loss_flat({.weight = {std::numeric_limits<double>::infinity()}}); }),
                HasSubstr("inf"));
    EXPECT_THAT(message_of<UsageError>([] { label_smoothing_cross_entropy_flat(1.5); }), HasSubstr("from 0 to 1"));
    EXPECT_THAT(message_of<UsageError>([] { focal_loss_flat({.gamma = -1}); }), HasSubstr("gamma"));
}

TEST(Losses, logits_given_to_bce_are_refused) {
    EXPECT_THAT(message_of<Error>([] {
                    bce_loss_flat()({torch::tensor({-2.0, 3.0})}, {torch::tensor({0.0, 1.0})});
                }),
                HasSubstr("not values from -2 to 3; for a model that gives logits"));
}

}  // namespace losses_test
}  // namespace embark
