#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/optim/optimizer.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace adam_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::message_of;

ParameterGroup group_of(std::vector<Parameter> parameters) {
    return {.parameters = std::move(parameters)};
}

/// Runs the baseline's 50 steps in `type` and compares the parameters after every ten.
void expect_parity(at::ScalarType type, const std::string& prefix, double tolerance) {
    const auto baseline = testing::tensor_baseline("adam_scheduled.safetensors").tensors;
    std::vector<Parameter> parameters;
    for (const char* name : {"weight", "embedding", "bias"}) {
        auto tensor = baseline.at(std::string("initial.") + name).to(type).clone().set_requires_grad(true);
        parameters.push_back({name, tensor, /*decay=*/std::string(name) != "bias"});
    }
    const auto optimizer = adam({.weight_decay = 0.1})({group_of(parameters)});
    for (int64_t step = 0; step < 50; ++step) {
        optimizer->set_hyper("lr", baseline.at("lr")[step].item<double>());
        optimizer->set_hyper("mom", baseline.at("mom")[step].item<double>());
        for (auto& parameter : parameters) {
            parameter.tensor.mutable_grad() = baseline.at("gradient." + parameter.name)[step].to(type).clone();
        }
        optimizer->step();
        if ((step + 1) % 10 != 0) continue;
        for (const auto& parameter : parameters) {
            const auto expected = baseline.at(prefix + parameter.name)[(step + 1) / 10 - 1];
            EXPECT_LE(testing::largest_difference(parameter.tensor, expected), tolerance)
                << parameter.name << " after step " << step + 1;
        }
    }
}

TEST(Adam, agrees_with_fastai_over_fifty_scheduled_steps_in_float64) {
    expect_parity(at::kDouble, "float64.", 1e-12);
}
TEST(Adam, agrees_with_fastai_over_fifty_scheduled_steps_in_float32) {
    expect_parity(at::kFloat, "float32.", 1e-6);
}

TEST(Adam, a_parameter_without_gradient_stays) {
    auto touched = torch::ones({2}).set_requires_grad(true), untouched = torch::ones({2}).set_requires_grad(true);
    const auto optimizer = adam()({group_of({{"touched", touched}, {"untouched", untouched}})});
    touched.mutable_grad() = torch::ones({2});
    optimizer->step();
    EXPECT_FALSE(touched.equal(torch::ones({2})));
    EXPECT_TRUE(untouched.equal(torch::ones({2})));
    EXPECT_EQ(optimizer->state().size(), 3U);
}

TEST(Adam, goes_on_exactly_from_a_saved_state) {
    const auto run = [](bool interrupted) {
        auto weight = torch::linspace(-1, 1, 8).set_requires_grad(true);
        auto optimizer = adam()({group_of({{"weight", weight}})});
        for (int step = 0; step < 6; ++step) {
            if (interrupted && step == 3) {
                std::map<std::string, at::Tensor> state;
                for (const auto& [name, tensor] : optimizer->state()) state[name] = tensor.clone();
                optimizer = adam()({group_of({{"weight", weight}})});
                optimizer->load_state(state);
            }
            weight.mutable_grad() = (weight.detach() * 3 + step).clone();
            optimizer->step();
        }
        return weight.detach();
    };
    EXPECT_TRUE(run(true).equal(run(false)));
}

TEST(Adam, a_state_that_does_not_fit_changes_nothing_and_is_named) {
    auto weight = torch::ones({2}).set_requires_grad(true);
    const auto optimizer = adam()({group_of({{"weight", weight}})});
    weight.mutable_grad() = torch::ones({2});
    optimizer->step();
    const auto before = optimizer->state().at("weight.grad_avg").clone();
    const std::map<std::string, at::Tensor> wrong = {
        {"weight.grad_avg", torch::zeros({3})}, {"weight.step", torch::zeros({})}, {"other.step", torch::zeros({})}};
    EXPECT_THAT(message_of<Error>([&] { optimizer->load_state(wrong); }),
                AllOf(HasSubstr("wrong shape [3] of weight.grad_avg"), HasSubstr("missing weight.sqr_avg"),
                      HasSubstr("unexpected other.step")));
    EXPECT_TRUE(optimizer->state().at("weight.grad_avg").equal(before));
}

TEST(Adam, hyper_parameters_are_known_by_name) {
    auto weight = torch::ones({2}).set_requires_grad(true);
    const auto optimizer = adam()({group_of({{"weight", weight}})});
    EXPECT_DOUBLE_EQ(optimizer->hyper("wd"), 0.01);
    EXPECT_DOUBLE_EQ(optimizer->hyper("eps"), 1e-5);
    EXPECT_DOUBLE_EQ(optimizer->hyper("sqr_mom"), 0.99);
    EXPECT_THAT(message_of<Error>([&] { optimizer->set_hyper("momentum", 0.5); }),
                HasSubstr("here are: eps, lr, mom, sqr_mom, wd"));
    EXPECT_THROW(optimizer->set_hyper("lr", std::vector<double>{1, 2}), Error);
}

TEST(Adam, refuses_settings_that_can_never_be_right) {
    EXPECT_THROW(adam({.momentum = 1}), UsageError);
    EXPECT_THROW(adam({.sqr_momentum = -0.1}), UsageError);
    EXPECT_THROW(adam({.eps = 0}), UsageError);
}

}  // namespace adam_test
}  // namespace embark
