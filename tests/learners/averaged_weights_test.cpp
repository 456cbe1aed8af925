#include <embark/callbacks/ema.h>
#include <embark/callbacks/swa.h>

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/checkpoint/save_model.h>
#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/learners/learner.h>

#include "test_files.h"

namespace embark {
namespace averaged_weights_test {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

/// The weights after each step, and those that are validated.
struct WeightProbe : Callback {
    int order() const override { return 45; }  // after ema's
    bool needs_autograd() const override { return true; }
    void after_step(TrainingState& state) override { trained.push_back(weights(state)); }
    void before_validate(TrainingState& state) override { validated.push_back(weights(state)); }
    static at::Tensor weights(const TrainingState& state) { return state.model->parameters().front().detach().clone(); }

    Tensors trained, validated;
};

struct Fit {
    std::shared_ptr<WeightProbe> probe = std::make_shared<WeightProbe>();
    at::Tensor first, last = {};
};

Fit run(std::vector<std::shared_ptr<Callback>> callbacks, int64_t n_epoch = 3) {
    set_seed(3);
    const auto x = torch::randn({24, 3}), y = x.sum(1, true);
    const auto dls = DataLoaders::from_tensors({{x.narrow(0, 0, 16)}, {y.narrow(0, 0, 16)}},
                                               {{x.narrow(0, 16, 8)}, {y.narrow(0, 16, 8)}}, {.batch_size = 4});
    const torch::nn::Linear model(3, 1);
    Fit made{.first = model->weight.detach().clone()};
    callbacks.push_back(made.probe);
    Learner learn(dls, model, {.loss = mse_loss_flat(), .callbacks = callbacks, .progress = false});
    learn.fit(n_epoch, 0.01);
    made.last = model->weight.detach().clone();
    return made;
}

TEST(Ema, keeps_the_average_of_the_weights_after_each_step_and_trains_as_without_it) {
    for (const bool warmup : {false, true}) {
        const Fit plain = run({}), averaged = run({ema({.decay = 0.8, .warmup = warmup})});
        at::Tensor expected = plain.first;
        ASSERT_EQ(plain.probe->trained.size(), 12);
        for (size_t t = 0; t < plain.probe->trained.size(); ++t) {
            EXPECT_TRUE(averaged.probe->trained[t].equal(plain.probe->trained[t])) << "step " << t;
            const double decay = warmup ? std::min(0.8, (1.0 + t) / (10.0 + t)) : 0.8;
            expected = decay * expected + (1 - decay) * plain.probe->trained[t];
            if (t % 4 != 3) continue;
            EXPECT_TRUE(at::allclose(averaged.probe->validated.at(t / 4), expected, 1e-5, 1e-7)) << "epoch " << t / 4;
        }
        EXPECT_TRUE(at::allclose(averaged.last, expected, 1e-5, 1e-7));
        EXPECT_FALSE(at::allclose(averaged.last, plain.last, 1e-3, 1e-3));
    }
}

/// Its bound never changes.
struct BoundedImpl : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) { return linear(x).clamp_max(bound); }
    torch::nn::Linear linear = register_module("linear", torch::nn::Linear(3, 1));
    at::Tensor bound = register_buffer("bound", torch::full({1}, std::numeric_limits<float>::infinity()));
};
TORCH_MODULE(Bounded);

TEST(Ema, leaves_a_buffer_with_infinite_numbers_as_it_is) {
    const auto x = torch::randn({8, 3});
    const Bounded model;
    Learner learn(DataLoaders::from_tensors({{x}, {x.sum(1, true)}}, {.batch_size = 4}), model,
                  {.loss = mse_loss_flat(), .callbacks = {ema()}, .progress = false});
    learn.fit(2, 0.01);
    EXPECT_TRUE(model->bound.isinf().all().item<bool>());
}

TEST(Ema, what_is_saved_after_an_epoch_is_the_average) {
    TemporaryFolder folder;
    const Fit saved = run({ema({.decay = 0.5}), save_model({.path = folder.path() / "best.safetensors"})});
    bool is_one_of_the_validated = false;
    for (const at::Tensor& validated : saved.probe->validated) {
        is_one_of_the_validated = is_one_of_the_validated || saved.last.equal(validated);
    }
    EXPECT_TRUE(is_one_of_the_validated) << "the best model is put back at the end";
}

TEST(Ema, refuses_a_decay_that_is_none) {
    for (const double decay : {-0.1, 1.0, 2.0}) {
        EXPECT_THAT(message_of<UsageError>([&] { ema({.decay = decay}); }), HasSubstr("at least 0 and below 1"));
    }
}

TEST(Swa, keeps_the_mean_of_the_weights_at_the_ends_of_the_last_epochs_and_trains_as_without_it) {
    const Fit plain = run({}, 5), averaged = run({swa({.start_epoch = 2})}, 5);
    ASSERT_EQ(plain.probe->validated.size(), 5);
    for (size_t t = 0; t < plain.probe->trained.size(); ++t) {
        EXPECT_TRUE(averaged.probe->trained[t].equal(plain.probe->trained[t])) << "step " << t;
    }
    at::Tensor sum = torch::zeros({1, 3});
    for (size_t epoch = 0; epoch < 5; ++epoch) {
        if (epoch >= 2) sum += plain.probe->validated[epoch];
        const at::Tensor expected = epoch < 2 ? plain.probe->validated[epoch] : sum / static_cast<double>(epoch - 1);
        EXPECT_TRUE(at::allclose(averaged.probe->validated[epoch], expected, 1e-5, 1e-7)) << "epoch " << epoch;
    }
    EXPECT_TRUE(averaged.last.equal(averaged.probe->validated.back()));
    EXPECT_FALSE(averaged.last.equal(plain.last));
}

TEST(Swa, starts_after_three_quarters_of_the_epochs) {
    const Fit plain = run({}, 4), averaged = run({swa()}, 4);
    for (size_t epoch = 0; epoch < 4; ++epoch) {
        EXPECT_TRUE(averaged.probe->validated[epoch].equal(plain.probe->validated[epoch])) << "epoch " << epoch;
    }
}

TEST(Swa, finds_the_statistics_of_batch_norm_anew_for_the_average) {
    for (const bool update_bn : {true, false}) {
        set_seed(3);
        const auto x = 5 + torch::randn({19, 3}), y = x.sum(1, true);
        const auto dls = DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 4});
        const torch::nn::BatchNorm1d norm(3);
        const torch::nn::Sequential model(norm, torch::nn::Linear(3, 1), torch::nn::Dropout(0.5));
        Learner learn(dls, model,
                      {.loss = mse_loss_flat(),
                       .callbacks = {swa({.start_epoch = 0, .update_bn = update_bn})},
                       .progress = false});
        learn.fit(2, 0.01);
        at::Tensor mean = torch::zeros({3}), variance = torch::zeros({3});
        for (const Batch& batch : dls.train().epoch(1)) {
            mean += batch.inputs[0].mean(0) / 4;
            variance += batch.inputs[0].var(0) / 4;
        }
        EXPECT_EQ(norm->running_mean.allclose(mean, 1e-5), update_bn);
        EXPECT_EQ(norm->running_var.allclose(variance, 1e-5), update_bn);
        EXPECT_EQ(norm->num_batches_tracked.item<int64_t>(), update_bn ? 4 : 8);
        EXPECT_EQ(norm->options.momentum(), 0.1);
    }
}

TEST(Swa, refuses_a_start_at_which_nothing_is_left_to_average) {
    EXPECT_THAT(message_of<UsageError>([] { swa({.start_epoch = -1}); }), HasSubstr("must be at least 0"));
    EXPECT_THAT(message_of<UsageError>([] { run({swa({.start_epoch = 3})}, 3); }),
                HasSubstr("Nothing would be averaged: swa starts at epoch 3, counted from 0, and the fit has 3"));
}

}  // namespace averaged_weights_test
}  // namespace embark
