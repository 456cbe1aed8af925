#include <embark/learners/learner.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/optim/torch_optimizer.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace lr_find_test {

using ::testing::HasSubstr;

TEST(LrFind, suggests_what_fastai_suggests) {
    const auto curves = testing::json_baseline("lr_find.json");
    ASSERT_GE(curves.size(), 6U);
    for (const auto& curve : curves) {
        std::vector<double> lrs = curve.at("lrs"), losses;
        bool finite = true;
        for (const auto& loss : curve.at("losses")) {
            losses.push_back(loss.is_number() ? loss.get<double>() : NAN);
            finite = finite && std::isfinite(losses.back());
        }
        const auto found = suggest_lr(lrs, losses, curve.at("num_it").get<int64_t>());
        const auto expect = [&](const char* name, const LrSuggestion& ours) {
            const double expected = curve.at("suggestions").at(name);
            ASSERT_TRUE(ours.lr) << curve.at("name") << " " << name << ": " << ours.reason;
            EXPECT_NEAR(*ours.lr, expected, 1e-5 * expected) << curve.at("name") << " " << name;
        };
        // Where the loss only rises, or is not a number, fastai's answers are of no use; ours are a reason, or those of
        // the finite part.
        if (curve.at("name") == "rises_throughout") {
            EXPECT_THAT(found.valley.reason, HasSubstr("never falls"));
            EXPECT_THAT(found.steep.reason, HasSubstr("never falls"));
            continue;
        }
        if (!finite) continue;
        expect("valley", found.valley);
        expect("slide", found.slide);
        expect("minimum", found.minimum);
        expect("steep", found.steep);
    }
}

TEST(LrFind, says_why_there_is_no_suggestion) {
    const auto found = suggest_lr({1, 2, 3}, {3, 2, 1});
    for (const auto* suggestion : {&found.valley, &found.slide, &found.minimum, &found.steep}) {
        EXPECT_FALSE(suggestion->lr);
        EXPECT_THAT(suggestion->reason, HasSubstr("points"));
    }
}

Learner noisy_learner(int64_t rows) {
    torch::manual_seed(5);
    const auto x = torch::randn({rows, 4});
    auto dls = DataLoaders::from_tensors({{x}, {x.sum(1, true)}}, {.batch_size = 4});
    return Learner(dls,
                   torch::nn::Sequential(torch::nn::Linear(4, 16), torch::nn::BatchNorm1d(16), torch::nn::Dropout(0.1),
                                         torch::nn::Linear(16, 1)),
                   {.loss = mse_loss_flat(), .progress = false});
}

TEST(LrFind, leaves_model_optimizer_random_numbers_and_data_as_they_were) {
    const auto train = [](bool with_lr_find) {
        auto learn = noisy_learner(100);
        learn.fit(1, 0.01);
        if (with_lr_find) learn.lr_find({.show = false});
        learn.fit(2, 0.01);
        Tensors flat;
        for (const auto& tensor : learn.model().module().parameters()) flat.push_back(tensor.detach().reshape(-1));
        for (const auto& tensor : learn.model().module().buffers())
            flat.push_back(tensor.detach().reshape(-1).to(at::kFloat));
        return torch::cat(flat).clone();
    };
    EXPECT_TRUE(train(true).equal(train(false)));
}

TEST(LrFind, leaves_out_callbacks_that_judge_or_log_fits) {
    struct Watch : Callback {
        int fits = 0;
        bool runs_in_lr_find() const override { return false; }
        void before_fit(TrainingState&) override { ++fits; }
    };
    auto learn = noisy_learner(40);
    const auto watch = std::make_shared<Watch>();
    learn.add_callback(watch);
    learn.fit(1, 0.01);
    learn.lr_find({.show = false});
    EXPECT_EQ(watch->fits, 1);
    learn.fit(1, 0.01);
    EXPECT_EQ(watch->fits, 2);
}

TEST(LrFind, works_on_a_data_set_of_three_batches) {
    auto learn = noisy_learner(15);
    ASSERT_EQ(learn.dls().train().size(), 3);
    const auto found = learn.lr_find({.show = false});
    ASSERT_TRUE(found.valley.lr) << found.valley.reason;
    EXPECT_GT(*found.valley.lr, 1e-7);
    EXPECT_LT(*found.valley.lr, 10);
    EXPECT_NEAR(found.lrs.front(), 1e-7, 1e-12);
}

TEST(LrFind, refuses_rates_that_do_not_rise) {
    auto learn = noisy_learner(40);
    EXPECT_THROW(learn.lr_find({.start_lr = 1, .end_lr = 0.1}), UsageError);
    EXPECT_THROW(learn.lr_find({.num_it = 0}), UsageError);
}

struct OwnState : torch::optim::OptimizerCloneableParamState<OwnState> {
    at::Tensor average;
};

/// An optimizer of the user's own on LibTorch's base class: its state is not known by name.
struct OwnOptimizer : torch::optim::SGD {
    using SGD::SGD;
    at::Tensor step(LossClosure = nullptr) override {
        torch::NoGradGuard no_grad;
        for (auto& group : param_groups()) {
            for (auto& p : group.params()) {
                if (!p.grad().defined()) continue;
                auto& state = state_[p.unsafeGetTensorImpl()];
                if (!state) state = std::make_unique<OwnState>();
                auto& average = static_cast<OwnState&>(*state).average;
                average = average.defined() ? average * 0.5 + p.grad() : p.grad().clone();
                p.sub_(average, group.options().get_lr());
            }
        }
        return {};
    }
};

TEST(LrFind, leaves_everything_as_it_was_with_an_optimizer_whose_state_has_no_names) {
    const auto x = torch::randn({40, 3});
    const auto dls = DataLoaders::from_tensors({{x}, {x.sum(1, true)}}, {.batch_size = 4});
    const auto train = [&](bool with_lr_find) {
        torch::manual_seed(3);
        Learner learn(dls, torch::nn::Linear(3, 1),
                      {.loss = mse_loss_flat(),
                       .optimizer = torch_optimizer<OwnOptimizer>(torch::optim::SGDOptions(0.01)),
                       .progress = false});
        learn.fit(1, 0.01);
        learn.freeze();
        learn.fit(1, 0.01);
        if (with_lr_find) learn.lr_find({.show = false});
        learn.fit(1, 0.01);
        EXPECT_THAT(testing::message_of<Error>([&] { learn.save("/nowhere/it/is/refused/before"); }),
                    HasSubstr("not known by name"));
        return torch::nn::utils::parameters_to_vector(learn.model().module().parameters()).detach();
    };
    EXPECT_TRUE(train(true).equal(train(false)));
}

TEST(LrFind, restores_the_model_where_the_trial_fails) {
    struct FailLate : Callback {
        void after_step(TrainingState& state) override { require(state.train_iter < 5, "enough"); }
    };
    auto learn = noisy_learner(100);
    learn.fit(1, 0.01);
    const auto before = torch::nn::utils::parameters_to_vector(learn.model().module().parameters()).detach().clone();
    const auto steps = learn.optimizer().state().begin()->second.clone();
    learn.add_callback(std::make_shared<FailLate>());
    EXPECT_THROW(learn.lr_find({.start_lr = 1e-3, .show = false}), Error);
    EXPECT_TRUE(torch::nn::utils::parameters_to_vector(learn.model().module().parameters()).equal(before));
    EXPECT_TRUE(learn.optimizer().state().begin()->second.equal(steps));
}

TEST(LrFind, tries_with_the_hyper_parameters_at_hand) {
    struct Momentum : Callback {
        void after_step(TrainingState& state) override { seen = state.optimizer->hyper("mom"); }
        double seen = 0;
    };
    auto learn = noisy_learner(40);
    const auto momentum = std::make_shared<Momentum>();
    learn.add_callback(momentum);
    learn.optimizer().set_hyper("mom", 0.3);
    learn.lr_find({.show = false});
    EXPECT_DOUBLE_EQ(momentum->seen, 0.3);
    EXPECT_DOUBLE_EQ(learn.optimizer().hyper("mom"), 0.3);
}

}  // namespace lr_find_test
}  // namespace embark
