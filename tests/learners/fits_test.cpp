#include <embark/learners/learner.h>

#include <cmath>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/modules/layers.h>
#include <embark/modules/tabular_model.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace fits_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::message_of;

/// Notes each parameter group's learning rate at every training batch.
struct Rates : Callback {
    int order() const override { return 90; }
    void before_batch(TrainingState& state) override {
        if (!state.training) return;
        std::vector<double> rates;
        for (const auto& group : state.optimizer->groups()) rates.push_back(group.hyper.at("lr"));
        seen.push_back(torch::tensor(rates, at::kDouble));
    }
    Tensors seen;
};

torch::nn::Sequential three_groups() {
    torch::nn::Sequential model(torch::nn::Linear(4, 5), torch::nn::BatchNorm1d(5), torch::nn::ReLU(),
                                torch::nn::Linear(5, 3), torch::nn::Linear(3, 1));
    model->to(at::kDouble);
    return model;
}

const std::vector<std::vector<std::string>> kGroups = {{"0"}, {"1", "3"}, {"4"}};

std::map<std::string, at::Tensor> values_of(const torch::nn::Module& module) {
    std::map<std::string, at::Tensor> values;
    for (const auto& item : module.named_parameters()) values[item.key()] = item.value();
    for (const auto& item : module.named_buffers()) values[item.key()] = item.value();
    return values;
}

/// Runs one of fastai's fits from its initial weights, and compares every learning rate and the final weights.
void expect_as_fastai(const std::string& fit_name, const std::function<void(Learner&)>& fit) {
    const auto baseline = testing::tensor_baseline("fits.safetensors").tensors;
    const auto model = three_groups();
    {
        torch::NoGradGuard no_grad;
        for (auto& [name, tensor] : values_of(*model)) at::Tensor(tensor).copy_(baseline.at("initial." + name));
    }
    const auto rates = std::make_shared<Rates>();
    const TensorDataset data{{baseline.at("x")}, {baseline.at("y")}};
    Learner learn(DataLoaders::from_tensors(data, data, {.batch_size = 4, .shuffle = false}), model,
                  {.loss = mse_loss_flat(),
                   .callbacks = {rates},
                   .param_groups = kGroups,
                   .weight_decay = 0.1,
                   .progress = false});
    fit(learn);
    // fastai computes the position of combined schedules in float32.
    EXPECT_LE(testing::largest_difference(torch::stack(rates->seen), baseline.at(fit_name + ".lr")), 1e-8);
    for (const auto& [name, tensor] : values_of(*model)) {
        EXPECT_LE(testing::largest_difference(tensor, baseline.at(fit_name + ".final." + name)), 1e-6) << name;
    }
}

TEST(Fits, fit_flat_cos_is_fastais) {
    expect_as_fastai("flat_cos", [](Learner& learn) { learn.fit_flat_cos(2, 0.01); });
}

TEST(Fits, fit_sgdr_is_fastais) {
    expect_as_fastai("sgdr", [](Learner& learn) { learn.fit_sgdr(2, 1, 0.01); });
}

TEST(Fits, a_slice_spreads_learning_rates_over_the_groups_as_in_fastai) {
    expect_as_fastai("slice", [](Learner& learn) { learn.fit_one_cycle(2, slice(1e-4, 1e-2)); });
    expect_as_fastai("slice_last", [](Learner& learn) { learn.fit_one_cycle(2, slice(1e-2)); });
}

TEST(Fits, frozen_groups_stay_but_for_norm_layers_as_in_fastai) {
    expect_as_fastai("frozen", [](Learner& learn) {
        learn.freeze_to(1);
        learn.fit(2, 0.01);
    });
}

TEST(Fits, fine_tune_is_fastais) {
    expect_as_fastai("fine_tune", [](Learner& learn) { learn.fine_tune(2, 0.01); });
}

/// Four batches.
DataLoaders small_data() {
    torch::manual_seed(5);
    const auto x = torch::randn({8, 4}, at::kDouble), y = torch::randn({8, 1}, at::kDouble);
    return DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 2});
}

Learner grouped_learner(LearnerOptions options = {}) {
    options.loss = mse_loss_flat();
    options.progress = false;
    return Learner(small_data(), three_groups(), std::move(options));
}

TEST(Fits, warm_restarts_with_a_slow_start_are_those_of_2018) {
    const auto baseline = testing::json_baseline("restarts_2018.json");
    const auto x = torch::randn({baseline.at("batches").get<int64_t>(), 1}), y = torch::randn_like(x);
    Learner learn(DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 1}), torch::nn::Linear(1, 1),
                  {.loss = mse_loss_flat(), .progress = false});
    const auto& records = learn.fit_sgdr(baseline.at("n_cycles"), 1, baseline.at("lr").get<double>(),
                                         {.cycle_mult = baseline.at("cycle_mult"), .slow_start = true});
    const auto expected = baseline.at("rates").get<std::vector<double>>();
    const auto& rates = records.hypers.at("lr");
    ASSERT_EQ(rates.size(), expected.size());
    for (size_t i = 0; i < rates.size(); ++i) EXPECT_NEAR(rates[i], expected[i], 1e-12) << i;
}

TEST(Fits, cycles_may_be_of_equal_length) {
    auto learn = grouped_learner();
    const auto& rates = learn.fit_sgdr(3, 2, 0.1, {.cycle_mult = 1}).hypers.at("lr");
    ASSERT_EQ(rates.size(), 24U);
    for (const size_t start : {0U, 8U, 16U}) EXPECT_DOUBLE_EQ(rates[start], 0.1);
    EXPECT_NEAR(rates[12], 0.05, 1e-12);
}

TEST(Fits, freezing_keeps_gradients_off_and_unfreezing_brings_them_back) {
    auto learn = grouped_learner({.param_groups = kGroups});
    const auto trained = [&] {
        std::string marks;
        for (const auto& parameter : learn.model().module().parameters())
            marks += parameter.requires_grad() ? "t" : "-";
        return marks;
    };
    learn.freeze();
    EXPECT_EQ(trained(), "--tt--tt");  // the norm layer in the middle is trained all the same
    learn.freeze_to(-2);
    EXPECT_EQ(trained(), "--tttttt");
    learn.unfreeze();
    EXPECT_EQ(trained(), "tttttttt");
    auto strict = grouped_learner({.param_groups = kGroups, .train_bn = false});
    strict.freeze();
    EXPECT_FALSE(strict.model().module().parameters()[2].requires_grad());
    EXPECT_THAT(message_of<UsageError>([&] { learn.freeze_to(3); }), HasSubstr("must be from -3 to 2"));
}

TEST(Fits, parameter_groups_must_cover_every_parameter_once) {
    const auto message = [](std::vector<std::vector<std::string>> groups) {
        return message_of<Error>([&] { grouped_learner({.param_groups = std::move(groups)}).fit(1); });
    };
    EXPECT_THAT(message({{"0"}, {"3"}}), AllOf(HasSubstr("1.weight is in none"), HasSubstr("4.bias is in none")));
    EXPECT_THAT(message({{"0", "1", "3"}, {"3.bias", "4"}}), HasSubstr("3.bias is in several"));
    EXPECT_THAT(message({{"0", "1", "3", "haed"}}), HasSubstr("'haed', which is no module or parameter"));
}

TEST(Fits, bad_settings_say_what_would_be_right) {
    auto learn = grouped_learner();
    const auto message = [](const std::function<void()>& action) { return message_of<UsageError>(action); };
    EXPECT_THAT(message([&] { learn.fit_flat_cos(1, 0.1, {.pct_start = 0}); }), HasSubstr("must be in (0, 1)"));
    EXPECT_THAT(message([&] { learn.fit_one_cycle(1, 0.1, {.pct_start = 1}); }), HasSubstr("Invalid pct_start 1"));
    EXPECT_THAT(message([&] { learn.fit_one_cycle(1, 0.1, {.div = -2}); }), HasSubstr("Invalid div -2"));
    EXPECT_THAT(message([&] { learn.fit_sgdr(0, 1); }), HasSubstr("Invalid number of cycles 0"));
    EXPECT_THAT(message([&] { learn.fit_sgdr(1, 0); }), HasSubstr("Invalid cycle_len 0"));
    EXPECT_THAT(message([&] { learn.fit_sgdr(1, 1, 0.1, {.cycle_mult = 0}); }), HasSubstr("Invalid cycle_mult 0"));
    EXPECT_THAT(message([&] { learn.fine_tune(1, 1e-3, {.freeze_epochs = -1}); }), HasSubstr("-1"));
    EXPECT_THAT(message([&] { learn.fit(1, slice(-1e-3, 1e-2)); }), HasSubstr("Invalid learning rate -0.001"));
}

TEST(Fits, the_last_layer_can_be_replaced) {
    auto learn = grouped_learner();
    learn.fit(1, 0.01);
    learn.replace_last_layer(3);
    EXPECT_EQ(learn.predict({torch::randn({2, 4}, at::kDouble)}).sizes(), at::IntArrayRef({2, 3}));
    EXPECT_TRUE(learn.optimizer().state().empty());
    EXPECT_THAT(message_of<UsageError>([&] { learn.replace_last_layer(0); }), HasSubstr("Invalid number of outputs 0"));
    torch::nn::Sequential none(torch::nn::Embedding(3, 1));
    EXPECT_THAT(message_of<Error>([&] { replace_last_layer(*none, 2); }), HasSubstr("no linear layer"));
}

TEST(Fits, replacing_the_last_layer_of_a_tabular_model_with_members_leaves_the_hidden_ones) {
    TabularModel model(TabularModelOptions{.n_cont = 3, .outputs = {{.size = 1}}, .layers = {6, 5}, .members = 4});
    EXPECT_EQ(replace_last_layer(*model, 2), "layers.2.0");
    model->eval();
    EXPECT_EQ(model->forward({}, torch::randn({7, 3})).at(0).sizes(), at::IntArrayRef({7, 2}));
    model->train();
    EXPECT_EQ(model->forward({}, torch::randn({7, 3})).at(0).sizes(), at::IntArrayRef({7, 4, 2}));
    const auto parameters = model->named_parameters();
    EXPECT_EQ(parameters["layers.1.0.weight"].sizes(), at::IntArrayRef({5, 6}));
    EXPECT_EQ(parameters["layers.2.0.weight"].sizes(), at::IntArrayRef({4, 5, 2}));
    EXPECT_GT(parameters["layers.2.0.weight"].abs().min().item<double>(), 0);
    EXPECT_LE(parameters["layers.2.0.weight"].abs().max().item<double>(), 1 / std::sqrt(5.0));
    EXPECT_EQ(std::dynamic_pointer_cast<TabularModelImpl>(model->clone())->forward({}, torch::randn({7, 3})).size(), 1);

    TabularModel several(TabularModelOptions{.n_cont = 3, .outputs = {{.size = 1}, {.size = 2}}});
    EXPECT_THAT(message_of<UsageError>([&] { replace_last_layer(*several, 2); }), HasSubstr("with 2 outputs"));
}

}  // namespace fits_test
}  // namespace embark
