#include <embark/modules/losses/loss.h>

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/modules/losses/losses.h>

#include "test_files.h"

namespace embark {
namespace loss_test {

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

struct MeanDistanceImpl : torch::nn::Module {
    at::Tensor forward(const at::Tensor& p, const at::Tensor& y) { return (p - y).norm(2, 1).mean(); }
};
TORCH_MODULE(MeanDistance);

TEST(Loss, of_a_module_of_the_users_own_gives_rows_too) {
    const Loss distance("distance", MeanDistance());
    const auto p = torch::tensor({{3.0, 4.0}, {0.0, 1.0}}), y = torch::zeros({2, 2}, at::kDouble);
    EXPECT_TRUE(distance({p}, {y}, Reduction::none).allclose(torch::tensor({5.0, 1.0}, at::kDouble)));
    EXPECT_NEAR(distance({p}, {y}).item<double>(), 3, 1e-12);
}

TEST(Loss, of_a_module_that_divides_by_rows_gives_each_its_sum) {
    const Loss divergence("kl_div", torch::nn::KLDivLoss(torch::nn::KLDivLossOptions().reduction(torch::kBatchMean)));
    const auto p = torch::randn({4, 3}).log_softmax(1), y = torch::rand({4, 3});
    const auto rows = at::kl_div(p, y, at::Reduction::None).sum(1);
    EXPECT_TRUE(divergence({p}, {y}, Reduction::none).allclose(rows));
    EXPECT_TRUE(divergence({p}, {y}).allclose(rows.mean()));
}

TEST(Loss, of_a_module_of_classes_divides_by_their_weights) {
    using namespace torch::nn;
    const auto options = CrossEntropyLossOptions().weight(torch::tensor({1.0f, 3.0f})).ignore_index(7);
    const Loss loss("cross_entropy", CrossEntropyLoss(options));
    EXPECT_EQ(loss.weight({torch::tensor({0, 1, 1, 7})}), 7);
    EXPECT_EQ(loss.weight({torch::full({4, 2}, 0.5)}), 4) << "probabilities";
    EXPECT_THAT(loss.settings(),
                HasSubstr("CrossEntropyLoss(), weight of the cross_entropy loss 1, 3, ignore_index 7"));
    EXPECT_FALSE(Loss("huber", HuberLoss()).has_weight());
}

TEST(Loss, of_a_module_refuses_what_would_be_wrong_in_silence) {
    using namespace torch::nn;
    const Loss mse("mse", MSELoss());
    const auto message = message_of<Error>([&] { mse({torch::zeros({4, 1})}, {torch::zeros({4})}); });
    EXPECT_THAT(message,
                HasSubstr("The mse loss, a module that takes both as they are, cannot compare predictions of shape "
                          "[4, 1] with targets of shape [4]"));
    EXPECT_THROW(mse({torch::zeros({4, 1})}, {torch::zeros({4}, at::kLong)}), Error);
    EXPECT_THROW(mse({torch::zeros({4, 3})}, {torch::zeros({4, 1})}), Error);
    for (const auto reduction : {at::Reduction::Sum, at::Reduction::None}) {
        MSELossOptions options;
        reduction == at::Reduction::Sum ? options.reduction(torch::kSum) : options.reduction(torch::kNone);
        EXPECT_THAT(message_of<UsageError>([&] { Loss("mse", MSELoss(options)); }), HasSubstr("must be the mean"));
    }
    EXPECT_THAT(message_of<UsageError>([] { Loss("mse", MSELoss(nullptr)); }), HasSubstr("is null"));
}

TEST(Loss, of_inputs_takes_them_for_targets) {
    const Loss plain = mse_loss_flat(), loss = plain.of_inputs();
    const Tensors inputs = {torch::ones({2, 3})}, targets = {torch::zeros({2, 3})};
    EXPECT_EQ(&loss.compared(inputs, targets), &inputs);
    EXPECT_EQ(&plain.compared(inputs, targets), &targets);
    EXPECT_TRUE(loss.is_of_inputs() && !plain.is_of_inputs());
    EXPECT_FALSE(loss.same_kind(plain));
    EXPECT_EQ(loss.settings(), "of the inputs");
    EXPECT_THAT(message_of<Error>([&] { plain({inputs}, {}); }), HasSubstr("mse_loss_flat().of_inputs()"));
    EXPECT_THAT(message_of<UsageError>([&] { sum_loss({{loss}, {plain}}); }), HasSubstr("make it of the sum"));
}

TEST(Loss, along_an_axis_says_where_the_classes_are) {
    const auto logits = torch::randn({2, 4, 3, 5}), y = torch::randint(4, {2, 3, 5}, at::kLong);
    const Loss plain = cross_entropy_loss_flat();
    EXPECT_THAT(message_of<Error>([&] { plain({logits}, {y}); }),
                HasSubstr("where dimension 1 is the classes, add .along_axis(1)"));
    // As many values as if the last dimension were the classes.
    const auto square = torch::randn({2, 5, 3, 5}), of_five = torch::randint(5, {2, 3, 5}, at::kLong);
    EXPECT_THAT(message_of<Error>([&] { plain({square}, {of_five}); }), HasSubstr(".along_axis(1)"));
    EXPECT_THAT(message_of<Error>([&] { plain.along_axis(4)({logits}, {y}); }),
                HasSubstr("The axis 4 is not one of predictions of shape [2, 4, 3, 5]"));
    EXPECT_EQ(plain.along_axis(1).activation(logits).sizes(), logits.sizes());
    EXPECT_TRUE(plain.along_axis(1).decode(logits).equal(logits.argmax(1)));
    EXPECT_TRUE(bce_with_logits_loss_flat().along_axis(1).decode(logits).equal(logits > 0.5));
    EXPECT_THAT(message_of<UsageError>([&] { sum_loss({{plain}, {plain}}).along_axis(1); }), HasSubstr("its own"));
    EXPECT_EQ(plain.along_axis(1).weight({y}), 2);
}

TEST(Loss, alone_it_treats_the_first_of_several_outputs) {
    const Tensors outputs = {torch::zeros({1, 2}), torch::ones({1, 2})};
    const auto predictions = cross_entropy_loss_flat().activation(outputs);
    EXPECT_TRUE(predictions.at(0).equal(torch::full({1, 2}, 0.5)));
    EXPECT_TRUE(predictions.at(1).equal(outputs[1]));
    EXPECT_TRUE(cross_entropy_loss_flat().decode(predictions).at(1).equal(outputs[1]));
    EXPECT_TRUE(cross_entropy_loss_flat().activation(Tensors()).empty());
}

class SumOfLosses : public ::testing::Test {
protected:
    const Loss sum_ = sum_loss({{mse_loss_flat(), 1.0}, {cross_entropy_loss_flat(), 0.5}});
    const at::Tensor number_ = torch::tensor({{1.0}, {2.0}, {3.0}}), logits_ = torch::zeros({3, 2});
    const at::Tensor numbers_ = torch::tensor({1.0, 0.0, 0.0}), classes_ = torch::tensor({0, 1, 1});
    const double cross_entropy_ = std::log(2);
};

TEST_F(SumOfLosses, weighs_each_loss_of_its_own_output_and_target) {
    EXPECT_NEAR(sum_({number_, logits_}, {numbers_, classes_}).item<double>(), 13.0 / 3 + 0.5 * cross_entropy_, 1e-6);
    EXPECT_EQ(sum_.name(), "mse+cross_entropy");
}

TEST_F(SumOfLosses, gives_the_sum_for_each_row) {
    const auto rows = sum_({number_, logits_}, {numbers_, classes_}, Reduction::none);
    EXPECT_TRUE(rows.allclose(torch::tensor({0.0, 4.0, 9.0}) + 0.5 * cross_entropy_));
}

TEST_F(SumOfLosses, has_the_weighted_gradient_of_each) {
    const auto number = number_.clone().requires_grad_(), logits = logits_.clone().requires_grad_();
    sum_({number, logits}, {numbers_, classes_}).backward();
    EXPECT_TRUE(number.grad().allclose(torch::tensor({{0.0}, {4.0 / 3}, {6.0 / 3}})));
    EXPECT_TRUE(logits.grad().allclose(0.5 / 3 * torch::tensor({{-0.5, 0.5}, {0.5, -0.5}, {0.5, -0.5}})));
}

TEST_F(SumOfLosses, weighs_alike_what_has_no_weight) {
    const auto sum = sum_loss({{mse_loss_flat()}, {mse_loss_flat()}, {mse_loss_flat()}});
    EXPECT_NEAR(sum({number_, number_, number_}, {numbers_, numbers_, numbers_}).item<double>(), 13, 1e-6);
}

TEST_F(SumOfLosses, treats_each_output_as_its_loss_does) {
    const auto predictions = sum_.activation(Tensors{number_, logits_});
    EXPECT_TRUE(predictions.at(0).equal(number_));
    EXPECT_TRUE(predictions.at(1).equal(logits_ + 0.5));
    const auto decoded = sum_.decode(predictions);
    EXPECT_TRUE(decoded.at(0).equal(number_));
    EXPECT_TRUE(decoded.at(1).equal(torch::zeros({3}, at::kLong)));
    EXPECT_TRUE(sum_.activation(number_).equal(number_));
}

TEST_F(SumOfLosses, needs_an_output_and_a_target_for_each) {
    EXPECT_THAT(message_of<Error>([&] {
                    sum_({number_}, {numbers_, classes_});
                }),
                HasSubstr("mse+cross_entropy loss needs an output and a target for each of its losses, 2 of both: the "
                          "model gave 1, the batch has 2"));
    EXPECT_THAT(message_of<Error>([&] {
                    sum_({number_, logits_}, {numbers_, classes_, classes_});
                }),
                HasSubstr("the model gave 2, the batch has 3"));
}

TEST_F(SumOfLosses, refuses_what_can_never_be_right) {
    EXPECT_THAT(message_of<UsageError>([] { sum_loss({}); }), HasSubstr("at least one loss"));
    EXPECT_THAT(message_of<UsageError>([] { sum_loss({{Loss(), 1.0}}); }), HasSubstr("empty Loss"));
    EXPECT_THAT(message_of<UsageError>([] {
                    sum_loss({{mse_loss_flat(), std::numeric_limits<double>::quiet_NaN()}});
                }),
                HasSubstr("weight of the mse loss in a sum: nan"));
}

TEST_F(SumOfLosses, divides_by_what_all_of_its_losses_do) {
    const auto weighted = cross_entropy_loss_flat({.weight = {1, 3}});
    const auto y = torch::tensor({0, 1, 1}), other = torch::tensor({1, 1, 0});
    EXPECT_FALSE(sum_loss({{mse_loss_flat()}, {l1_loss_flat()}}).has_weight());
    EXPECT_EQ(sum_loss({{weighted}, {members_loss(weighted), 0.5}}).weight({y, other}), 7);
    EXPECT_EQ(sum_loss({{mse_loss_flat()}, {cross_entropy_loss_flat()}}).weight({y, y}), 3);
    const auto mixed = sum_loss({{mse_loss_flat()}, {weighted}});
    EXPECT_THAT(
        message_of<Error>([&] {
            mixed.weight({y, y});
        }),
        HasSubstr("The mse and the cross_entropy loss of a sum divide by different weights of a batch, 3 and 7"));
}

TEST(MembersLoss, is_the_mean_over_members_each_scored_by_itself) {
    const Loss root("root", [](const at::Tensor& p, const at::Tensor& y) { return (p - y).square().mean().sqrt(); });
    const auto p = torch::randn({5, 3, 2}), y = torch::randn({5, 2});
    const auto loss = members_loss(root);
    at::Tensor mean = torch::zeros({}), rows = torch::zeros({5});
    for (int64_t m = 0; m < 3; ++m) {
        mean += root({p.select(1, m)}, {y}) / 3;
        rows += root({p.select(1, m)}, {y}, Reduction::none) / 3;
    }
    EXPECT_TRUE(loss({p}, {y}).allclose(mean));
    EXPECT_TRUE(loss({p}, {y}, Reduction::none).allclose(rows));
    EXPECT_EQ(loss({p}, {y}, Reduction::none).sizes(), at::IntArrayRef({5}));
}

TEST(MembersLoss, leaves_predictions_of_the_whole_ensemble_to_the_loss) {
    const auto logits = torch::randn({6, 4}), y = torch::tensor({0, 3, 2, 2, 1, 0});
    const auto plain = cross_entropy_loss_flat(), loss = members_loss(plain);
    EXPECT_TRUE(loss({logits}, {y}).equal(plain({logits}, {y})));
    EXPECT_TRUE(loss({logits}, {y}, Reduction::none).equal(plain({logits}, {y}, Reduction::none)));
    EXPECT_EQ(loss.name(), plain.name());
    EXPECT_TRUE(loss.activation(logits).equal(logits.softmax(-1)));
    EXPECT_TRUE(loss.decode(logits).equal(logits.argmax(-1)));
}

TEST(MembersLoss, weighs_classes_within_each_member) {
    const auto loss = cross_entropy_loss_flat({.weight = {0.5, 1, 2, 0.125}});
    const auto logits = torch::randn({6, 2, 4}), y = torch::tensor({0, 3, 2, 2, 1, 0});
    const auto expected = (loss({logits.select(1, 0)}, {y}) + loss({logits.select(1, 1)}, {y})) / 2;
    EXPECT_TRUE(members_loss(loss)({logits}, {y}).allclose(expected));
}

TEST(MembersLoss, of_a_sum_is_the_sum_of_members_losses) {
    const Tensors outputs = {torch::randn({5, 3, 1}), torch::randn({5, 3, 4})};
    const Tensors targets = {torch::randn({5}), torch::tensor({0, 1, 2, 3, 0})};
    const auto outer = members_loss(sum_loss({{mse_loss_flat(), 2}, {cross_entropy_loss_flat()}}));
    const auto inner = sum_loss({{members_loss(mse_loss_flat()), 2}, {members_loss(cross_entropy_loss_flat())}});
    for (const auto reduction : {Reduction::mean, Reduction::none}) {
        EXPECT_TRUE(outer(outputs, targets, reduction).allclose(inner(outputs, targets, reduction)));
    }
    const Tensors whole = {torch::randn({5, 1}), torch::randn({5, 4})};
    EXPECT_TRUE(outer.activation(whole).at(1).equal(whole[1].softmax(-1)));
    EXPECT_TRUE(inner.activation(whole).at(1).equal(whole[1].softmax(-1)));
}

TEST(MembersLoss, refuses_what_cannot_be_an_ensemble) {
    EXPECT_THAT(message_of<UsageError>([] { members_loss({}); }), HasSubstr("empty Loss"));
    const auto sum = members_loss(sum_loss({{mse_loss_flat()}, {mse_loss_flat()}}));
    EXPECT_THAT(message_of<Error>([&] {
                    sum({torch::zeros({5, 3, 1}), torch::zeros({5, 2, 1})}, {torch::zeros({5}), torch::zeros({5})});
                }),
                HasSubstr("the model gave 3 and 2"));
}

TEST(Loss, of_the_users_own_must_give_what_it_is_asked_for) {
    const auto loss = [](at::Tensor value) {
        return Loss("mine", [value](const Tensors&, const Tensors&, Reduction) { return value; });
    };
    const Tensors p = {torch::zeros({4, 1})}, y = {torch::zeros({4, 1})};
    const auto message = [&](const at::Tensor& value, Reduction reduction) {
        return message_of<Error>([&] { loss(value)(p, y, reduction); });
    };
    EXPECT_THAT(message(torch::zeros({}), Reduction::none), HasSubstr("The mine loss gave a tensor of shape []"));
    EXPECT_THAT(message(torch::zeros({4, 1}), Reduction::none), HasSubstr("must give one number a row, [4]"));
    EXPECT_THAT(message(torch::zeros({3}), Reduction::none), HasSubstr("shape [3]"));
    EXPECT_THAT(message(torch::zeros({4}), Reduction::mean), HasSubstr("asked for the mean: one number"));
    EXPECT_THAT(message(at::Tensor(), Reduction::mean), HasSubstr("gave no tensor"));
    EXPECT_EQ(loss(torch::ones({4}))(p, y, Reduction::none).size(0), 4);
    EXPECT_EQ(loss(torch::ones({1}))(p, y).item<double>(), 1);
}

}  // namespace loss_test
}  // namespace embark
