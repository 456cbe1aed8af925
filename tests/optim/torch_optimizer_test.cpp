#include <embark/optim/torch_optimizer.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "test_files.h"

namespace embark {
namespace torch_optimizer_test {

std::vector<ParameterGroup> groups_of(const at::Tensor& weight, const at::Tensor& bias) {
    return {{.parameters = {{"weight", weight, true}, {"bias", bias, false}}}};
}

TEST(TorchOptimizer, does_what_torch_does_with_its_own_groups) {
    auto weight = torch::ones({3}).set_requires_grad(true), bias = torch::ones({2}).set_requires_grad(true);
    auto weight2 = weight.detach().clone().set_requires_grad(true),
         bias2 = bias.detach().clone().set_requires_grad(true);
    const auto options = torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(0.2);
    const auto ours = torch_optimizer<torch::optim::SGD>(options)(groups_of(weight, bias));
    torch::optim::SGD decayed({weight2}, options);
    torch::optim::SGD plain({bias2}, torch::optim::SGDOptions(0.1).momentum(0.9));
    for (int step = 0; step < 5; ++step) {
        for (auto& tensor : {weight, bias, weight2, bias2})
            tensor.mutable_grad() = torch::full_like(tensor, step - 1.5);
        ours->step();
        decayed.step();
        plain.step();
    }
    EXPECT_TRUE(weight.equal(weight2));
    EXPECT_TRUE(bias.equal(bias2));
}

TEST(TorchOptimizer, hyper_parameters_can_be_scheduled) {
    auto weight = torch::ones({1}).set_requires_grad(true), bias = torch::ones({1}).set_requires_grad(true);
    const auto optimizer =
        torch_optimizer<torch::optim::Adam>(torch::optim::AdamOptions(0.1).weight_decay(0.5))(groups_of(weight, bias));
    optimizer->set_hyper("lr", 0);
    weight.mutable_grad() = torch::ones({1});
    optimizer->step();
    EXPECT_EQ(weight.item<float>(), 1);
    EXPECT_DOUBLE_EQ(optimizer->hyper("mom"), 0.9);
    EXPECT_DOUBLE_EQ(optimizer->hyper("sqr_mom"), 0.999);
}

TEST(TorchOptimizer, a_schedule_cannot_switch_momentum_on_in_plain_sgd) {
    auto weight = torch::ones({1}).set_requires_grad(true), bias = torch::ones({1}).set_requires_grad(true);
    const auto sgd = torch_optimizer<torch::optim::SGD>(torch::optim::SGDOptions(0.1))(groups_of(weight, bias));
    EXPECT_FALSE(sgd->has_hyper("mom"));
    EXPECT_THROW(sgd->set_hyper("mom", 0.9), Error);
}

template <class TorchOptimizer, class Options>
void expect_exact_resume(const Options& options) {
    const auto run = [&](bool interrupted) {
        auto weight = torch::linspace(-1, 1, 8).set_requires_grad(true),
             bias = torch::ones({2}).set_requires_grad(true);
        auto optimizer = torch_optimizer<TorchOptimizer>(options)(groups_of(weight, bias));
        for (int step = 0; step < 6; ++step) {
            if (interrupted && step == 3) {
                std::map<std::string, at::Tensor> state;
                for (const auto& [name, tensor] : optimizer->state()) state[name] = tensor.clone();
                optimizer = torch_optimizer<TorchOptimizer>(options)(groups_of(weight, bias));
                optimizer->load_state(state);
            }
            weight.mutable_grad() = (weight.detach() * 3 + step).clone();
            optimizer->step();
        }
        return weight.detach();
    };
    EXPECT_TRUE(run(true).equal(run(false)));
}

TEST(TorchOptimizer, goes_on_exactly_from_a_saved_state) {
    expect_exact_resume<torch::optim::SGD>(torch::optim::SGDOptions(0.1).momentum(0.9));
    expect_exact_resume<torch::optim::Adam>(torch::optim::AdamOptions(0.1).amsgrad(true));
    expect_exact_resume<torch::optim::AdamW>(torch::optim::AdamWOptions(0.1));
    expect_exact_resume<torch::optim::RMSprop>(torch::optim::RMSpropOptions(0.1).momentum(0.9).centered(true));
    expect_exact_resume<torch::optim::Adagrad>(torch::optim::AdagradOptions(0.1));
}

/// Keeps more than the Adam it is derived from, as the state of another class.
struct OwnAdam : torch::optim::Adam {
    using Adam::Adam;
    struct State : torch::optim::AdamParamState {};
    at::Tensor step(LossClosure = nullptr) override {
        for (auto& p : param_groups().front().params()) state_[p.unsafeGetTensorImpl()] = std::make_unique<State>();
        return {};
    }
};

TEST(TorchOptimizer, a_state_that_could_not_be_read_back_is_refused_when_it_is_saved) {
    auto weight = torch::ones({1}).set_requires_grad(true), bias = torch::ones({1}).set_requires_grad(true);
    const auto optimizer = torch_optimizer<OwnAdam>(torch::optim::AdamOptions(0.1))(groups_of(weight, bias));
    EXPECT_TRUE(optimizer->state().empty());
    optimizer->step();
    EXPECT_THAT(testing::message_of<Error>([&] { optimizer->state(); }), ::testing::HasSubstr("not known by name"));
    optimizer->clear_state();
    EXPECT_TRUE(optimizer->state().empty());
}

}  // namespace torch_optimizer_test
}  // namespace embark
