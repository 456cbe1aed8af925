#include <embark/callbacks/ema.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/checkpoint/save_model.h>
#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/learners/learner.h>

#include "test_files.h"

namespace embark {
namespace {

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
    at::Tensor first, last;
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

}  // namespace
}  // namespace embark
