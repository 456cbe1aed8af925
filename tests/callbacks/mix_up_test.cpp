#include <embark/callbacks/mix_up.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/callbacks/detail/batch_loss.h>
#include <embark/core/error.h>

#include "baselines.h"
#include "hand_made_fit.h"
#include "test_files.h"

namespace embark {
namespace mix_up_test {

using testing::HandMadeFit;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::message_of;

const TensorFile& baseline() {
    static const TensorFile file = testing::tensor_baseline("mix_up.safetensors");
    return file;
}

const at::Tensor& given(const std::string& name) {
    return baseline().tensors.at(name);
}

/// A batch of the baseline, mixed with its seed.
HandMadeFit mixed_fit(MixUp& callback, const Tensors& targets, const at::Tensor& weights = {}) {
    HandMadeFit fit;
    fit.state.batch = {.inputs = {given("x")}, .targets = targets, .weights = weights};
    torch::manual_seed(std::stoull(baseline().metadata.at("seed")));
    callback.before_batch(fit.state);
    return fit;
}

TEST(MixUp, mixes_inputs_and_targets_as_fastai_does) {
    MixUp callback;
    const auto fit = mixed_fit(callback, {given("numbers")});
    EXPECT_LE(largest_difference(fit.state.batch.inputs[0], given("numbers.x")), 1e-6);
    EXPECT_LE(largest_difference(fit.state.batch.targets[0], given("numbers.y")), 1e-6);
}

TEST(MixUp, mixes_the_losses_of_classes_as_fastai_does) {
    MixUp callback;
    const Loss loss = cross_entropy_loss_flat();
    auto fit = mixed_fit(callback, {given("classes")});
    EXPECT_LE(largest_difference(fit.state.batch.inputs[0], given("classes.x")), 1e-6);
    EXPECT_TRUE(fit.state.batch.targets[0].equal(given("classes")));
    fit.state.loss_func = &loss;
    fit.state.predictions = {given("logits")};
    callback.after_loss(fit.state);
    EXPECT_NEAR(fit.state.loss.item<double>(), given("classes.loss").item<double>(), 1e-6);
}

TEST(MixUp, mixes_weights_with_their_rows) {
    const auto weights = torch::rand({16});
    const auto& lambda = given("classes.lambda");
    MixUp callback;
    const Loss loss = cross_entropy_loss_flat();
    auto fit = mixed_fit(callback, {given("classes")}, weights);
    // The weights are a number a row, mixed as the inputs are.
    MixUp again;
    HandMadeFit same;
    same.state.batch = {.inputs = {weights}, .targets = {torch::arange(16)}};
    torch::manual_seed(std::stoull(baseline().metadata.at("seed")));
    again.before_batch(same.state);
    EXPECT_TRUE(fit.state.batch.weights.equal(same.state.batch.inputs[0]));

    fit.state.loss_func = &loss;
    fit.state.predictions = {given("logits")};
    callback.after_loss(fit.state);
    torch::manual_seed(std::stoull(baseline().metadata.at("seed")));
    at::_sample_dirichlet(torch::full({16, 2}, 0.4f));
    const auto others = torch::randperm(16);
    const auto own = loss({given("logits")}, {given("classes")}, Reduction::none);
    const auto other = loss({given("logits")}, {given("classes").index_select(0, others)}, Reduction::none);
    const auto& w = fit.state.batch.weights;
    const auto expected = (w * (lambda * own + (1 - lambda) * other)).sum() / w.sum();
    EXPECT_NEAR(fit.state.loss.item<double>(), expected.item<double>(), 1e-6);
}

TEST(MixUp, keeps_at_least_half_of_a_row_and_leaves_the_data_set_alone) {
    const auto x = torch::cat({torch::zeros({50, 1}), torch::ones({50, 1})});
    HandMadeFit fit;
    fit.state.batch = {.inputs = {x.narrow(0, 0, 100)}, .targets = {x.narrow(0, 0, 100)}};
    MixUp({.alpha = 5}).before_batch(fit.state);
    const auto& mixed = fit.state.batch.inputs[0];
    EXPECT_LE(mixed.slice(0, 0, 50).max().item<double>(), 0.5);
    EXPECT_GE(mixed.slice(0, 50).min().item<double>(), 0.5);
    EXPECT_TRUE(mixed.equal(fit.state.batch.targets[0]));
    EXPECT_EQ(x.sum().item<double>(), 50);
}

TEST(MixUp, validation_batches_stay) {
    HandMadeFit fit;
    fit.state.training = false;
    fit.state.batch = {.inputs = {torch::arange(4)}, .targets = {torch::arange(4)}};
    MixUp callback;
    callback.before_batch(fit.state);
    EXPECT_TRUE(fit.state.batch.inputs[0].equal(torch::arange(4)));
    fit.state.loss = torch::tensor(0.25);
    callback.after_loss(fit.state);
    EXPECT_EQ(fit.state.loss.item<double>(), 0.25);
}

TEST(MixUp, refuses_categories_and_bad_settings) {
    HandMadeFit fit;
    fit.state.batch = {.inputs = {torch::zeros({4, 1}), torch::arange(4)}, .targets = {torch::zeros({4})}};
    EXPECT_THAT(message_of<Error>([&] { MixUp().before_batch(fit.state); }),
                HasSubstr("mix_up mixes numbers, but input 1 holds Long"));
    EXPECT_THAT(message_of<UsageError>([] { MixUp({.alpha = 0}); }), HasSubstr("Invalid alpha 0"));
}

}  // namespace mix_up_test
}  // namespace embark
