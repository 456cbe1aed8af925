#include <embark/learners/train_step.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/learners/learner.h>
#include <embark/modules/dot_product.h>

#include "event_recorder.h"
#include "test_files.h"

namespace embark {
namespace train_step_test {

using testing::EventRecorder;
using ::testing::HasSubstr;
using testing::message_of;

/// The one that train_step.h shows.
struct OrdinaryStep : TrainStep {
    void run(StepContext& step) override {
        ++batches;
        if (!step.after_pred(step.model()(step.state().batch.inputs))) return;
        if (!step.after_loss(step.batch_loss(step.state().predictions))) return;
        if (!step.backward([&] { step.add_gradients(step.state().loss); })) return;
        if (!step.step([&] { step.optimizer().step(); })) return;
        step.optimizer().zero_grad();
    }
    int batches = 0;
};

/// A step that is a function.
struct StepOf : TrainStep {
    explicit StepOf(std::function<void(StepContext&)> run_) : body(std::move(run_)) {}
    void run(StepContext& step) override { body(step); }
    std::function<void(StepContext&)> body;
};

DataLoaders points() {
    torch::manual_seed(3);
    const auto x = torch::randn({24, 3});
    return {DataLoader({.inputs = {x}, .targets = {x.sum(1, true)}, .weights = torch::rand({24})}, {.batch_size = 5}),
            std::nullopt};
}

Learner learner(std::shared_ptr<TrainStep> step, std::vector<std::shared_ptr<Callback>> callbacks = {}) {
    torch::manual_seed(5);
    return Learner(
        points(), torch::nn::Linear(3, 1),
        {.loss = mse_loss_flat(), .callbacks = std::move(callbacks), .progress = false, .step = std::move(step)});
}

at::Tensor weights_after(Learner learn) {
    learn.fit(2, 0.1);
    return torch::nn::utils::parameters_to_vector(learn.model().module().parameters()).detach();
}

TEST(TrainStep, of_the_users_own_trains_as_the_ordinary_one_does) {
    const auto own = std::make_shared<OrdinaryStep>();
    EXPECT_TRUE(weights_after(learner(own)).equal(weights_after(learner(nullptr))));
    EXPECT_EQ(own->batches, 10);
}

TEST(TrainStep, of_the_users_own_sends_every_event_and_obeys_what_is_left) {
    const std::vector<std::pair<std::string, Level>> cases = {{"", Level::batch},
                                                              {"after_pred", Level::batch},
                                                              {"after_loss", Level::batch},
                                                              {"after_loss", Level::train},
                                                              {"before_backward", Level::backward},
                                                              {"before_backward", Level::batch},
                                                              {"after_backward", Level::fit},
                                                              {"before_step", Level::step},
                                                              {"before_step", Level::batch},
                                                              {"after_step", Level::epoch},
                                                              {"after_step", Level::batch}};
    for (const auto& [at, level] : cases) {
        SCOPED_TRACE(at);
        const auto run = [&, at = at, level = level](std::shared_ptr<TrainStep> step) {
            const auto recorder = std::make_shared<EventRecorder>(at, [&](TrainingState& state) {
                if (state.iteration == 1) state.cancel(level);
            });
            const auto weights = weights_after(learner(std::move(step), {recorder}));
            return std::pair(recorder->log(), weights);
        };
        const auto [own_log, own] = run(std::make_shared<OrdinaryStep>());
        const auto [log, expected] = run(nullptr);
        EXPECT_EQ(own_log, log);
        EXPECT_TRUE(own.equal(expected));
    }
}

TEST(TrainStep, is_taken_rather_than_a_fused_one) {
    const auto own = std::make_shared<OrdinaryStep>();
    const auto x = torch::randint(0, 5, {12, 2}, at::kLong);
    Learner learn(DataLoaders(DataLoader({.inputs = {x}, .targets = {torch::ones({12, 1})}}, {.batch_size = 4}), {}),
                  DotProduct(DotProductOptions{5, 5, 2, {}}),
                  {.loss = mse_loss_flat(), .progress = false, .step = own});
    learn.fit(1, 0.1);
    EXPECT_EQ(own->batches, 3);
}

TEST(TrainStep, may_go_round_more_than_once_and_the_last_loss_counts) {
    const auto recorder = std::make_shared<EventRecorder>();
    auto learn = learner(std::make_shared<StepOf>([](StepContext& step) {
                             for (const double loss : {7., 2.}) {
                                 if (!step.after_pred(step.model()(step.state().batch.inputs))) return;
                                 const auto value = step.state().predictions.front().mean() * 0 + loss;
                                 if (!step.after_loss(value)) return;
                                 if (!step.backward([&] { step.add_gradients(value); })) return;
                                 if (!step.step([&] { step.optimizer().step(); })) return;
                                 step.optimizer().zero_grad();
                             }
                         }),
                         {recorder});
    EXPECT_FLOAT_EQ(learn.fit(1, 0.1).losses.front(), 2);
    const std::string round = "after_pred after_loss before_backward after_backward before_step after_step ";
    EXPECT_THAT(recorder->log(), HasSubstr("before_batch " + round + round + "after_batch"));
}

TEST(TrainStep, that_sends_too_little_or_in_another_order_is_an_error) {
    const auto message = [](std::function<void(StepContext&)> body) {
        return message_of<Error>([&] { learner(std::make_shared<StepOf>(body)).fit(1); });
    };
    EXPECT_THAT(message([](StepContext&) {}), HasSubstr("The training step ended before it had sent after_pred"));
    EXPECT_THAT(message([](StepContext& step) { (void)step.after_loss(torch::zeros({})); }),
                HasSubstr("sent the events of after_loss where those of after_pred come next"));
    EXPECT_THAT(
        message([](StepContext& step) {
            (void)(step.after_pred({torch::zeros({1})}) && step.after_loss(torch::zeros({})) && step.step([] {}));
        }),
        HasSubstr("sent the events of step where those of backward come next"));
}

}  // namespace train_step_test
}  // namespace embark
