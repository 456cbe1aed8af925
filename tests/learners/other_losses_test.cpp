// Fits with losses of other forms: of the inputs, along an axis, and modules of LibTorch's.
#include <embark/learners/learner.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/gradient_accumulation.h>
#include <embark/callbacks/mix_up.h>
#include <embark/core/error.h>

#include "test_files.h"

namespace embark {
namespace other_losses_test {

using ::testing::HasSubstr;
using testing::message_of;

/// Points near a line: inputs alone.
struct Points {
    at::Tensor all;
    explicit Points(int64_t n)
        : all(torch::randn({n, 1}) * torch::tensor({1.0f, 2.0f, -1.0f}) + 0.1 * torch::randn({n, 3})) {}
    int64_t size() const { return all.size(0); }
    at::Tensor get(int64_t index) const { return all[index]; }
};

torch::nn::Sequential autoencoder() {
    return torch::nn::Sequential(torch::nn::Linear(3, 1), torch::nn::Linear(1, 3));
}

Learner points_learner(const Loss& loss, std::vector<std::shared_ptr<Callback>> callbacks = {},
                       std::vector<Metric> metrics = {rmse().of_inputs()}, int64_t batch_size = 16) {
    set_seed(2);
    const Points train(64), valid(32);
    return Learner(DataLoaders::from_dataset(train, valid, {.batch_size = batch_size}), autoencoder(),
                   {.loss = loss, .metrics = std::move(metrics), .callbacks = std::move(callbacks), .progress = false});
}

TEST(LossOfInputs, trains_validates_and_predicts_without_targets) {
    Learner learn = points_learner(mse_loss_flat().of_inputs());
    const Records& records = learn.fit_one_cycle(40, 0.05);
    EXPECT_LT(records.epochs.back().valid_loss, 0.05);
    const Validation validation = learn.validate();
    EXPECT_NEAR(validation.metrics.at("rmse"), std::sqrt(validation.loss), 1e-5);
    const Predictions found = learn.get_preds();
    EXPECT_FALSE(found.targets.defined());
    EXPECT_NEAR(found.losses.mean().item<double>(), validation.loss, 1e-6);
    EXPECT_EQ(learn.predict({torch::zeros({5, 3})}).sizes(), at::IntArrayRef({5, 3}));
    EXPECT_EQ(learn.results(3).rows(), 3);
    EXPECT_FALSE(learn.lr_find({.num_it = 10, .show = false}).losses.empty());
}

TEST(LossOfInputs, may_be_any_function_of_outputs_and_inputs) {
    // A row's own part is its distance to the next row's output.
    const Loss contrast("contrast", [](const Tensors& outputs, const Tensors& inputs, Reduction reduction) {
        EXPECT_EQ(inputs.front().size(1), 3);
        const auto rows = (outputs.front() - outputs.front().roll(1, 0)).square().mean(1);
        return reduction == Reduction::mean ? rows.mean() : rows;
    });
    Learner learn = points_learner(contrast.of_inputs());
    const Records& records = learn.fit(3, 0.01);
    EXPECT_LT(records.epochs.back().valid_loss, records.epochs.front().valid_loss);
    EXPECT_EQ(learn.get_preds().losses.numel(), 32);
}

TEST(LossOfInputs, goes_with_mixtures_and_accumulated_gradients) {
    points_learner(mse_loss_flat().of_inputs(), {mix_up()}).fit(1, 0.01);
    const auto weights_after = [](int64_t batch_size, std::vector<std::shared_ptr<Callback>> callbacks) {
        Learner learn = points_learner(mse_loss_flat().of_inputs(), std::move(callbacks), {}, batch_size);
        learn.fit(2, 0.01);
        return learn.model().module().parameters().front().detach().clone();
    };
    EXPECT_TRUE(weights_after(64, {}).allclose(weights_after(16, {gradient_accumulation({.n_acc = 64})}), 1e-4, 1e-6));
}

TEST(LossOfInputs, is_asked_for_where_there_are_no_targets) {
    EXPECT_THAT(message_of<Error>([] { points_learner(mse_loss_flat(), {}, {}).fit(1, 0.01); }),
                HasSubstr("mse_loss_flat().of_inputs()"));
    EXPECT_THAT(message_of<Error>([] { points_learner(mse_loss_flat().of_inputs(), {}, {rmse()}).fit(1, 0.01); }),
                HasSubstr("rmse().of_inputs()"));
}

TEST(LossAlongAnAxis, learns_which_class_each_pixel_is_of) {
    set_seed(4);
    const auto x = torch::randn({60, 1, 6, 5});
    const auto y = (x.squeeze(1) > 0.5).to(at::kLong) + (x.squeeze(1) > -0.5).to(at::kLong);
    const auto dls = DataLoaders::from_tensors({{x}, {y}}, {.batch_size = 8});
    const torch::nn::Sequential net(torch::nn::Conv2d(1, 16, 1), torch::nn::ReLU(), torch::nn::Conv2d(16, 3, 1));
    Learner learn(dls, net,
                  {.loss = cross_entropy_loss_flat().along_axis(1),
                   .metrics = {accuracy().along_axis(1), jaccard({.average = Average::macro}).along_axis(1)},
                   .progress = false});
    learn.fit_one_cycle(20, 0.05);
    const auto metrics = learn.validate().metrics;
    EXPECT_GT(metrics.at("accuracy"), 0.9);
    EXPECT_GT(metrics.at("jaccard_macro"), 0.8);
    const auto probabilities = learn.get_preds().predictions;
    EXPECT_EQ(probabilities.sizes(), at::IntArrayRef({12, 3, 6, 5}));
    EXPECT_TRUE(probabilities.sum(1).allclose(torch::ones({12, 6, 5})));
    EXPECT_EQ(learn.loss().decode(probabilities).sizes(), at::IntArrayRef({12, 6, 5}));
}

TEST(LossModule, trains_as_the_loss_of_the_same_formula) {
    const auto weights_after = [](const Loss& loss) {
        set_seed(6);
        const auto x = torch::randn({40, 3}), y = x.sum(1, true);
        const torch::nn::Linear model(3, 1);
        Learner learn(DataLoaders::from_tensors({{x}, {y}, torch::rand({40})}, {.batch_size = 8}), model,
                      {.loss = loss, .progress = false});
        learn.fit(3, 0.01);
        return model->weight.detach().clone();
    };
    EXPECT_TRUE(weights_after(Loss("mse", torch::nn::MSELoss())).allclose(weights_after(mse_loss_flat()), 1e-5, 1e-7));
    EXPECT_FALSE(weights_after(Loss("huber", torch::nn::HuberLoss())).allclose(weights_after(mse_loss_flat()), 1e-3));
}

}  // namespace other_losses_test
}  // namespace embark
