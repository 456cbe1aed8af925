#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/optim/optimizers.h>
#include <embark/optim/torch_optimizer.h>

#include "baselines.h"
#include "optimizer_training.h"
#include "test_files.h"

namespace embark {
namespace every_optimizer_test {

using testing::copy_of;
using ::testing::HasSubstr;
using testing::message_of;
using testing::Training;

/// An optimizer with the name of its baseline.
struct Case {
    std::string name;
    OptimizerFactory factory;
};

/// The baselines' cases, which have a weight decay of 0.1, decoupled and not.
std::vector<Case> cases() {
    std::vector<Case> all;
    for (const bool decouple : {true, false}) {
        const auto add = [&](const std::string& name, OptimizerFactory factory) {
            all.push_back({decouple ? name : name + "_l2", std::move(factory)});
        };
        add("sgd", sgd({.weight_decay = 0.1, .decouple_wd = decouple}));
        add("sgd_momentum", sgd({.momentum = 0.9, .weight_decay = 0.1, .decouple_wd = decouple}));
        add("rmsprop", rmsprop({.weight_decay = 0.1, .decouple_wd = decouple}));
        add("rmsprop_momentum", rmsprop({.momentum = 0.9, .weight_decay = 0.1, .decouple_wd = decouple}));
        add("adam", adam({.weight_decay = 0.1, .decouple_wd = decouple}));
        add("radam", radam({.weight_decay = 0.1, .decouple_wd = decouple}));
        add("sadam", radam({.weight_decay = 0.1, .beta = 2, .decouple_wd = decouple}));
        add("qhadam", qhadam({.weight_decay = 0.1, .decouple_wd = decouple}));
        add("qhadam_nu", qhadam({.nu_1 = 0.4, .nu_2 = 0.8, .weight_decay = 0.1, .decouple_wd = decouple}));
        add("larc", larc({.weight_decay = 0.1, .decouple_wd = decouple}));
        add("larc_plain", larc({.momentum = 0, .trust_coeff = 0.3, .weight_decay = 0.1, .decouple_wd = decouple}));
        add("lars", larc({.clip = false, .trust_coeff = 0.3, .weight_decay = 0.1, .decouple_wd = decouple}));
        add("lamb", lamb({.weight_decay = 0.1, .decouple_wd = decouple}));
        add("ranger", ranger({.weight_decay = 0.1, .decouple_wd = decouple}));
    }
    all.push_back({"lookahead_sgd", lookahead(sgd({.momentum = 0.9, .weight_decay = 0.1}), {.k = 4, .alpha = 0.8})});
    return all;
}

/// Checks every case, and says in which a check failed. One test does for all: ctest starts a process for each test.
template <class Check>
void for_every_optimizer(Check check) {
    for (const auto& each : cases()) {
        SCOPED_TRACE(each.name);
        check(each);
    }
}

/// Runs the baseline's 30 steps in `type` and compares the parameters after every fifth.
void expect_parity(const Case& each, at::ScalarType type, const std::string& precision, double tolerance) {
    const auto baseline = testing::tensor_baseline("optimizers.safetensors").tensors;
    std::vector<Parameter> parameters;
    for (const std::string name : {"weight", "bias", "late"}) {
        auto tensor = baseline.at("initial." + name).to(type).clone().set_requires_grad(true);
        parameters.push_back({name, tensor, /*decay=*/name != "bias"});
    }
    const auto optimizer = each.factory({{.parameters = parameters}});
    for (int64_t step = 0; step < 30; ++step) {
        optimizer->set_hyper("lr", baseline.at("lr")[step].item<double>());
        if (optimizer->has_hyper("mom")) optimizer->set_hyper("mom", baseline.at("mom")[step].item<double>());
        for (auto& [name, tensor, decay, norm, own_decay] : parameters) {
            if (name == "late" && step % 3 != 2) continue;
            tensor.mutable_grad() = baseline.at("gradient." + name)[step].to(type).clone();
        }
        optimizer->step();
        optimizer->zero_grad();
        if ((step + 1) % 5 != 0) continue;
        for (const auto& [name, tensor, decay, norm, own_decay] : parameters) {
            const auto& after = baseline.at(each.name + "." + precision + "." + name);
            EXPECT_LE(testing::largest_difference(tensor, after[(step + 1) / 5 - 1]), tolerance)
                << name << " after step " << step + 1;
        }
    }
}

TEST(EveryOptimizer, agrees_with_fastai_in_float64) {
    for_every_optimizer([](const Case& each) { expect_parity(each, at::kDouble, "float64", 1e-12); });
}
TEST(EveryOptimizer, agrees_with_fastai_in_float32) {
    for_every_optimizer([](const Case& each) { expect_parity(each, at::kFloat, "float32", 1e-6); });
}

TEST(EveryOptimizer, goes_on_exactly_from_a_saved_state) {
    for_every_optimizer([](const Case& each) {
        for (const int saved_after : {1, 4, 6, 9}) {
            Training whole(each.factory), resumed(each.factory);
            whole.steps(0, 15);
            resumed.steps(0, saved_after);
            const auto saved = copy_of(resumed.optimizer->state());
            resumed.renew();
            resumed.optimizer->load_state(saved);
            resumed.steps(saved_after, 15);
            EXPECT_TRUE(whole.equals(resumed)) << "saved after " << saved_after;
        }
    });
}

TEST(EveryOptimizer, is_as_new_once_its_state_is_cleared) {
    for_every_optimizer([](const Case& each) {
        Training cleared(each.factory), renewed(each.factory);
        for (auto* training : {&cleared, &renewed}) training->steps(0, 7);
        cleared.optimizer->clear_state();
        EXPECT_TRUE(cleared.optimizer->state().empty());
        renewed.renew();
        for (auto* training : {&cleared, &renewed}) training->steps(0, 7);
        EXPECT_TRUE(cleared.equals(renewed));
    });
}

TEST(EveryOptimizer, a_state_that_does_not_fit_changes_nothing) {
    for_every_optimizer([](const Case& each) {
        Training kept(each.factory), undisturbed(each.factory);
        for (auto* training : {&kept, &undisturbed}) training->steps(0, 4);
        auto wrong = copy_of(kept.optimizer->state());
        wrong["other.grad_avg"] = torch::zeros({2});
        for (auto& [name, tensor] : wrong) tensor.zero_();
        EXPECT_THAT(message_of<Error>([&] { kept.optimizer->load_state(wrong); }),
                    HasSubstr("unexpected other.grad_avg"));
        for (auto* training : {&kept, &undisturbed}) training->steps(4, 14);
        EXPECT_TRUE(kept.equals(undisturbed));
    });
}

TEST(EveryOptimizer, a_parameter_with_a_weight_decay_of_its_own_moves_as_in_a_group_of_that_decay) {
    auto all = cases();
    all.push_back({"torch_adam", torch_optimizer<torch::optim::Adam>(torch::optim::AdamOptions(1e-3).weight_decay(0.1))});
    for (const auto& each : all) {
        SCOPED_TRACE(each.name);
        const auto first = Training::parameter({4}), second = Training::parameter({2, 2}), third = Training::parameter({3});
        const auto apart_first = first.detach().clone().set_requires_grad(true),
                   apart_second = second.detach().clone().set_requires_grad(true);
        const auto together = each.factory({{.parameters = {{"first", first, true, false, 0.7},
                                                            {"second", second, true},
                                                            {"third", third, false}}}});
        const auto apart = each.factory({{.parameters = {{"first", apart_first}}, .hyper = {{"wd", 0.7}}},
                                         {.parameters = {{"second", apart_second}}}});
        const auto third_before = third.detach().clone();
        for (int step = 0; step < 8; ++step) {
            for (const auto& tensor : {first, second, apart_first, apart_second}) {
                const auto ramp = torch::arange(tensor.numel(), torch::kFloat).view(tensor.sizes());
                tensor.mutable_grad() = torch::sin(ramp + step);
            }
            together->step();
            apart->step();
        }
        EXPECT_TRUE(first.equal(apart_first) && second.equal(apart_second));
        EXPECT_TRUE(third.equal(third_before));
    }
}

TEST(EveryOptimizer, each_group_has_hyper_parameters_of_its_own) {
    for_every_optimizer([](const Case& each) {
        const auto run = [&](const std::vector<std::vector<size_t>>& groups_of_optimizers) {
            const std::vector<at::Tensor> tensors = {Training::parameter({4}), Training::parameter({2, 2})};
            std::vector<std::unique_ptr<Optimizer>> optimizers;
            for (const auto& members : groups_of_optimizers) {
                std::vector<ParameterGroup> groups;
                std::vector<double> lrs, wds;
                for (const size_t i : members) {
                    groups.push_back({.parameters = {{std::to_string(i), tensors[i]}}});
                    lrs.push_back(i == 0 ? 0.1 : 0.02);
                    wds.push_back(i == 0 ? 0.0 : 0.3);
                }
                optimizers.push_back(each.factory(groups));
                optimizers.back()->set_hyper("lr", lrs);
                optimizers.back()->set_hyper("wd", wds);
            }
            for (int step = 0; step < 8; ++step) {
                for (const auto& tensor : tensors) tensor.mutable_grad() = torch::full_like(tensor, 0.5 + step);
                for (const auto& optimizer : optimizers) optimizer->step();
            }
            return torch::cat({tensors[0].detach(), tensors[1].detach().flatten()});
        };
        EXPECT_TRUE(run({{0, 1}}).equal(run({{0}, {1}})));
        EXPECT_FALSE(run({{0, 1}}).slice(0, 0, 4).equal(run({{0, 1}}).slice(0, 4)));
    });
}

TEST(EveryOptimizer, every_hyper_parameter_can_be_set_and_counts) {
    for_every_optimizer([](const Case& each) {
        const auto run = [&](const std::string& changed) {
            auto weight = Training::parameter({4}).detach().to(at::kDouble).set_requires_grad(true);
            const auto optimizer = each.factory({{.parameters = {{"weight", weight}}}});
            optimizer->set_hyper("lr", 0.1);
            if (!changed.empty()) optimizer->set_hyper(changed, 0.5 * optimizer->hyper(changed) + 0.1);
            for (int step = 0; step < 12; ++step) {
                // Of values that differ, since LAMB takes only the direction of the step from its averages.
                weight.mutable_grad() = torch::sin(torch::arange(4, torch::kDouble) + 0.3 * step);
                optimizer->step();
            }
            return weight.detach();
        };
        const auto unchanged = run("");
        const auto optimizer = each.factory({{.parameters = {{"weight", Training::parameter({4})}}}});
        for (const auto& [name, value] : optimizer->groups().front().hyper) {
            EXPECT_FALSE(run(name).equal(unchanged)) << name;
        }
    });
}

TEST(EveryOptimizer, frozen_parameters_stay) {
    for_every_optimizer([](const Case& each) {
        Training training(each.factory);
        training.steps(0, 4);
        const auto before = training.bias.detach().clone();
        const auto weight_before = training.weight.detach().clone();
        training.bias.set_requires_grad(false);
        for (int step = 4; step < 12; ++step) {
            training.weight.mutable_grad() = torch::ones_like(training.weight);
            training.optimizer->step();
        }
        EXPECT_TRUE(training.bias.equal(before));
        EXPECT_FALSE(training.weight.equal(weight_before));
    });
}

TEST(EveryOptimizer, gradients_are_left_as_they_are) {
    for_every_optimizer([](const Case& each) {
        auto weight = Training::parameter({4});
        const auto optimizer = each.factory({{.parameters = {{"weight", weight}}}});
        weight.mutable_grad() = torch::full({4}, 0.5);
        optimizer->step();
        EXPECT_TRUE(weight.grad().equal(torch::full({4}, 0.5)));
    });
}

}  // namespace every_optimizer_test
}  // namespace embark
