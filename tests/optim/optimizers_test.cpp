#include <embark/optim/optimizers.h>

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "baselines.h"
#include "optimizer_training.h"
#include "test_files.h"

namespace embark {
namespace optimizers_test {

using ::testing::AllOf;
using testing::copy_of;
using ::testing::HasSubstr;
using testing::message_of;
using testing::Training;

TEST(Sgd, without_momentum_keeps_nothing_that_a_schedule_could_switch_on) {
    for (const auto& factory : {sgd(), rmsprop(), larc({.momentum = 0}), lookahead(sgd())}) {
        Training training(factory);
        EXPECT_FALSE(training.optimizer->has_hyper("mom"));
        training.steps(0, 3);
        for (const auto& [name, tensor] : training.optimizer->state()) EXPECT_THAT(name, Not(HasSubstr("grad_avg")));
    }
    Training plain(sgd());
    plain.steps(0, 3);
    EXPECT_TRUE(plain.optimizer->state().empty());
}

TEST(Sgd, a_momentum_that_a_schedule_brings_to_zero_forgets_the_past) {
    for (const bool decouple : {true, false}) {
        auto weight = torch::ones({1}, torch::kDouble).set_requires_grad(true);
        const auto optimizer = sgd({.momentum = 0.5, .weight_decay = 0.1, .decouple_wd = decouple})(
            {{.parameters = {{"weight", weight}}}});
        optimizer->set_hyper("lr", 0.1);
        double expected = 1, average = 0;
        for (const double mom : {0.5, 0.0, 0.5}) {
            optimizer->set_hyper("mom", mom);
            weight.mutable_grad() = torch::full({1}, 3, torch::kDouble);
            optimizer->step();
            if (decouple) expected *= 1 - 0.1 * 0.1;
            average = mom * average + 3 + (decouple ? 0 : 0.1 * expected);
            expected -= 0.1 * average;
            EXPECT_NEAR(weight.item<double>(), expected, 1e-12) << mom;
        }
    }
}

TEST(Larc, parameters_that_begin_at_zero_move_with_the_plain_rate) {
    for (const bool clip : {true, false}) {
        auto zeros = torch::zeros({2}).set_requires_grad(true);
        const auto optimizer = larc({.clip = clip})({{.parameters = {{"zeros", zeros}}}});
        optimizer->set_hyper("lr", 0.5);
        zeros.mutable_grad() = torch::full({2}, 3.0);
        optimizer->step();
        EXPECT_TRUE(zeros.equal(torch::full({2}, -1.5)));
    }
}

TEST(Lamb, where_a_size_is_zero_the_step_is_adams) {
    auto zeros = torch::zeros({2}).set_requires_grad(true), still = torch::ones({2}).set_requires_grad(true);
    const auto optimizer = lamb()({{.parameters = {{"zeros", zeros}, {"still", still}}}});
    optimizer->set_hyper("lr", 0.5);
    zeros.mutable_grad() = torch::full({2}, 3.0);
    still.mutable_grad() = torch::zeros({2});
    optimizer->step();
    EXPECT_LE(testing::largest_difference(zeros, torch::full({2}, -0.5)), 1e-5);
    EXPECT_TRUE(still.equal(torch::ones({2})));
}

TEST(Optimizers, take_dense_gradients_alone_and_go_on_after_a_refusal) {
    auto dense = torch::ones({2}).set_requires_grad(true), sparse = torch::ones({2}).set_requires_grad(true);
    const auto optimizer = sgd({.momentum = 0.9})({{.parameters = {{"dense", dense}, {"sparse", sparse}}}});
    optimizer->set_hyper("lr", 0.5);
    dense.mutable_grad() = torch::ones({2});
    sparse.mutable_grad() = torch::ones({2}).to_sparse();
    EXPECT_THAT(message_of<Error>([&] { optimizer->step(); }), HasSubstr("The gradient of 'sparse' is sparse"));
    EXPECT_TRUE(dense.equal(torch::ones({2})));
    sparse.mutable_grad() = torch::ones({2});
    optimizer->step();
    EXPECT_TRUE(dense.equal(torch::full({2}, 0.5)));
}

TEST(Optimizers, have_the_defaults_of_fastai) {
    const auto hypers = [](const OptimizerFactory& factory) {
        return factory({{.parameters = {{"weight", Training::parameter({2})}}}})->groups().front().hyper;
    };
    using H = HyperParameters;
    EXPECT_EQ(hypers(sgd()), (H{{"lr", 1e-3}, {"wd", 0}}));
    EXPECT_EQ(hypers(sgd({.momentum = 0.8})), (H{{"lr", 1e-3}, {"mom", 0.8}, {"wd", 0}}));
    EXPECT_EQ(hypers(rmsprop()), (H{{"lr", 1e-3}, {"sqr_mom", 0.99}, {"eps", 1e-8}, {"wd", 0}}));
    EXPECT_EQ(hypers(adam()), (H{{"lr", 1e-3}, {"mom", 0.9}, {"sqr_mom", 0.99}, {"eps", 1e-5}, {"wd", 0.01}}));
    EXPECT_EQ(hypers(radam()),
              (H{{"lr", 1e-3}, {"mom", 0.9}, {"sqr_mom", 0.99}, {"eps", 1e-5}, {"wd", 0}, {"beta", 0}}));
    EXPECT_EQ(
        hypers(qhadam()),
        (H{{"lr", 1e-3}, {"mom", 0.999}, {"sqr_mom", 0.999}, {"nu_1", 0.7}, {"nu_2", 1}, {"eps", 1e-8}, {"wd", 0}}));
    EXPECT_EQ(hypers(larc()), (H{{"lr", 1e-3}, {"mom", 0.9}, {"trust_coeff", 0.02}, {"eps", 1e-8}, {"wd", 0}}));
    EXPECT_EQ(hypers(lamb()), (H{{"lr", 1e-3}, {"mom", 0.9}, {"sqr_mom", 0.99}, {"eps", 1e-5}, {"wd", 0}}));
    EXPECT_EQ(hypers(ranger()),
              (H{{"lr", 1e-3}, {"mom", 0.95}, {"sqr_mom", 0.99}, {"eps", 1e-6}, {"wd", 0.01}, {"beta", 0}}));
}

TEST(Optimizers, refuse_settings_that_can_never_be_right) {
    EXPECT_EQ(message_of<UsageError>([] { sgd({.momentum = 1}); }), "Invalid momentum 1: it must be in [0, 1)");
    EXPECT_EQ(message_of<UsageError>([] { sgd({.weight_decay = -1}); }),
              "Invalid weight_decay -1: it must be at least 0");
    EXPECT_EQ(message_of<UsageError>([] { rmsprop({.eps = 0}); }), "Invalid eps 0: it must be above 0");
    EXPECT_EQ(message_of<UsageError>([] { qhadam({.nu_1 = 1.5}); }), "Invalid nu_1 1.5: it must be in [0, 1]");
    EXPECT_EQ(message_of<UsageError>([] { lookahead(sgd(), {.k = 0}); }), "Invalid k 0: it must be at least 1");
    EXPECT_EQ(message_of<UsageError>([] { lookahead(sgd(), {.alpha = 0}); }), "Invalid alpha 0: it must be above 0");
    EXPECT_THROW(rmsprop({.sqr_momentum = 1}), UsageError);
    EXPECT_THROW(radam({.beta = -1}), UsageError);
    EXPECT_THROW(radam({.momentum = std::nan("")}), UsageError);
    EXPECT_THROW(qhadam({.nu_2 = -0.1}), UsageError);
    EXPECT_THROW(larc({.trust_coeff = 0}), UsageError);
    EXPECT_THROW(lamb({.eps = -1}), UsageError);
    EXPECT_THROW(lamb({.weight_decay = std::numeric_limits<double>::infinity()}), UsageError);
    EXPECT_THROW(ranger({.alpha = 1.5}), UsageError);
    EXPECT_THROW(lookahead(nullptr), UsageError);
    EXPECT_THROW(Training(lookahead(ranger())), UsageError);
}

TEST(Lookahead, pulls_the_parameters_back_after_every_kth_step) {
    auto weight = torch::zeros({1}).set_requires_grad(true);
    const auto optimizer = lookahead(sgd(), {.k = 2, .alpha = 0.25})({{.parameters = {{"weight", weight}}}});
    optimizer->set_hyper("lr", 1);
    std::vector<float> seen;
    for (int step = 0; step < 4; ++step) {
        weight.mutable_grad() = torch::full({1}, -4.0);
        optimizer->step();
        seen.push_back(weight.item<float>());
    }
    EXPECT_THAT(seen, ::testing::ElementsAre(4, 2, 6, 4));
}

TEST(Lookahead, a_state_that_does_not_fit_is_named_in_either_part) {
    Training training(ranger());
    training.steps(0, 2);
    const auto good = copy_of(training.optimizer->state());
    auto no_count = good, no_average = good, wrong_count = good;
    no_count.erase("lookahead.count");
    no_count["bias.slow_weight"] = torch::zeros({7});
    EXPECT_THAT(message_of<Error>([&] { training.optimizer->load_state(no_count); }),
                AllOf(HasSubstr("missing lookahead.count"), HasSubstr("wrong shape [7] of bias.slow_weight")));
    no_average.erase("bias.grad_avg");
    EXPECT_THAT(message_of<Error>([&] { training.optimizer->load_state(no_average); }),
                HasSubstr("does not fit the optimizer RAdam: missing bias.grad_avg"));
    wrong_count["lookahead.count"] = torch::tensor(-1);
    EXPECT_THAT(message_of<Error>([&] { training.optimizer->load_state(wrong_count); }),
                HasSubstr("wrong count -1 of lookahead.count"));
}

}  // namespace optimizers_test
}  // namespace embark
