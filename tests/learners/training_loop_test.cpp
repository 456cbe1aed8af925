#include <embark/callbacks/training_state.h>
#include <embark/learners/learner.h>

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/text.h>

#include "event_recorder.h"
#include "test_files.h"

namespace embark {
namespace training_loop_test {

using testing::EventRecorder;
using ::testing::HasSubstr;

/// One training batch and one validation batch an epoch.
Learner small_learner(std::vector<std::shared_ptr<Callback>> callbacks = {}) {
    torch::manual_seed(1);
    const auto x = torch::randn({4, 3}), y = torch::randn({4, 1});
    auto dls = DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 4});
    return Learner(dls, torch::nn::Linear(3, 1),
                   {.loss = mse_loss_flat(), .callbacks = std::move(callbacks), .progress = false});
}

const std::string kTrainBatch =
    "before_batch after_pred after_loss before_backward after_backward before_step after_step after_batch";
const std::string kTrain = "before_train " + kTrainBatch + " after_train";
const std::string kValidate = "before_validate before_batch after_pred after_loss after_batch after_validate";

std::string log_of_fit(const std::string& at = {}, EventRecorder::Action action = {}, int64_t n_epoch = 1) {
    const auto recorder = std::make_shared<EventRecorder>(at, std::move(action));
    small_learner({recorder}).fit(n_epoch, 0.1);
    return recorder->log();
}

std::string log_of_cancel(const std::string& at, Level level) {
    return log_of_fit(at, [level](TrainingState& state) {
        if (state.training) state.cancel(level);
    });
}

TEST(TrainingLoop, sends_every_event_in_fastais_order) {
    EXPECT_EQ(log_of_fit(),
              "before_fit before_epoch " + kTrain + " " + kValidate + " after_epoch after_fit cleanup_fit");
}

TEST(TrainingLoop, repeats_epochs) {
    const std::string epoch = "before_epoch " + kTrain + " " + kValidate + " after_epoch ";
    EXPECT_EQ(log_of_fit({}, {}, 2), "before_fit " + epoch + epoch + "after_fit cleanup_fit");
    EXPECT_EQ(log_of_fit({}, {}, 0), "before_fit after_fit cleanup_fit");
}

TEST(TrainingLoop, a_cancelled_fit_skips_to_its_end) {
    EXPECT_EQ(log_of_cancel("after_loss", Level::fit),
              "before_fit before_epoch before_train before_batch after_pred after_loss after_cancel_fit after_fit "
              "cleanup_fit");
    EXPECT_EQ(log_of_cancel("before_fit", Level::fit), "before_fit after_cancel_fit after_fit cleanup_fit");
}

TEST(TrainingLoop, a_cancelled_epoch_skips_to_its_end) {
    EXPECT_EQ(log_of_cancel("after_batch", Level::epoch), "before_fit before_epoch before_train " + kTrainBatch +
                                                              " after_cancel_epoch after_epoch after_fit cleanup_fit");
}

TEST(TrainingLoop, cancelled_training_still_validates) {
    EXPECT_EQ(log_of_cancel("before_train", Level::train),
              "before_fit before_epoch before_train after_cancel_train after_train " + kValidate +
                  " after_epoch after_fit cleanup_fit");
}

TEST(TrainingLoop, cancelled_validation_still_ends_the_epoch) {
    const auto log = log_of_fit("before_validate", [](TrainingState& state) { state.cancel(Level::validate); });
    EXPECT_EQ(log, "before_fit before_epoch " + kTrain +
                       " before_validate after_cancel_validate after_validate after_epoch after_fit cleanup_fit");
}

TEST(TrainingLoop, a_cancelled_batch_skips_to_its_end) {
    EXPECT_EQ(
        log_of_cancel("after_pred", Level::batch),
        "before_fit before_epoch before_train before_batch after_pred after_cancel_batch after_batch after_train " +
            kValidate + " after_epoch after_fit cleanup_fit");
}

TEST(TrainingLoop, a_cancelled_backward_still_steps) {
    EXPECT_THAT(log_of_cancel("before_backward", Level::backward),
                HasSubstr("before_backward after_cancel_backward after_backward before_step after_step after_batch"));
}

TEST(TrainingLoop, a_cancelled_step_drops_the_gradients_and_leaves_the_weights) {
    auto learn = small_learner(
        {std::make_shared<EventRecorder>("before_step", [](TrainingState& s) { s.cancel(Level::step); })});
    const auto parameters = learn.model().module().parameters();
    const auto before = parameters[0].detach().clone();
    learn.fit(1, 0.1);
    EXPECT_TRUE(parameters[0].equal(before));
    EXPECT_FALSE(parameters[0].grad().defined());
}

TEST(TrainingLoop, a_batch_left_before_its_step_keeps_its_gradients_until_the_fit_ends) {
    const auto leave = std::make_shared<EventRecorder>("before_step", [](TrainingState& s) { s.cancel(Level::batch); });
    const auto look = std::make_shared<EventRecorder>("after_batch", [](TrainingState& s) {
        EXPECT_EQ(s.model->parameters()[0].grad().defined(), s.training || s.has_valid);
    });
    auto learn = small_learner({leave, look});
    learn.fit(1, 0.1);
    EXPECT_FALSE(learn.model().module().parameters()[0].grad().defined());
}

TEST(TrainingLoop, progress_is_counted_as_in_fastai) {
    std::vector<double> pct;
    const auto watch = std::make_shared<EventRecorder>("before_batch", [&](TrainingState& s) {
        if (s.training) pct.push_back(s.pct_train);
    });
    const auto x = torch::randn({6, 3}), y = torch::randn({6, 1});
    auto dls = DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 2});
    Learner learn(dls, torch::nn::Linear(3, 1), {.loss = mse_loss_flat(), .callbacks = {watch}, .progress = false});
    learn.fit(2, 0.1);
    ASSERT_EQ(pct.size(), 6U);
    for (size_t i = 0; i < pct.size(); ++i) EXPECT_NEAR(pct[i], static_cast<double>(i) / 6, 1e-12);
}

TEST(TrainingLoop, the_model_trains_in_training_and_evaluates_in_validation) {
    std::vector<bool> modes;
    const auto watch = std::make_shared<EventRecorder>("after_pred", [&](TrainingState& s) {
        modes.push_back(s.model->is_training());
        EXPECT_EQ(s.predictions[0].requires_grad(), s.training);
    });
    small_learner({watch}).fit(1, 0.1);
    EXPECT_THAT(modes, ::testing::ElementsAre(true, false));
}

/// Notes its name at before_fit, for the order of callbacks.
struct Named : Callback {
    Named(std::string name_, int order_, std::vector<std::string>& log_)
        : title(std::move(name_)), rank(order_), log(log_) {}
    int order() const override { return rank; }
    void before_fit(TrainingState&) override { log.push_back(title); }
    std::string title;
    int rank;
    std::vector<std::string>& log;
};

TEST(TrainingLoop, callbacks_are_called_by_their_order_then_as_added) {
    std::vector<std::string> log;
    small_learner({std::make_shared<Named>("late", 99, log), std::make_shared<Named>("first", 0, log),
                   std::make_shared<Named>("second", 0, log), std::make_shared<Named>("early", -5, log)})
        .fit(1, 0.1);
    EXPECT_THAT(log, ::testing::ElementsAre("early", "first", "second", "late"));
}

TEST(TrainingLoop, cleanup_of_every_callback_runs_when_one_throws_and_the_learner_goes_on) {
    bool armed = true;
    const auto thrower = std::make_shared<EventRecorder>("after_loss", [&](TrainingState&) {
        if (armed) fail("no more disk");
    });
    const auto later = std::make_shared<EventRecorder>();
    auto learn = small_learner({thrower, later});
    EXPECT_EQ(testing::message_of<Error>([&] { learn.fit(1, 0.1); }), "no more disk");
    EXPECT_TRUE(thrower->log().ends_with("after_loss cleanup_fit"));
    EXPECT_TRUE(later->log().ends_with("after_pred cleanup_fit"));
    armed = false;
    later->clear();
    learn.fit(1, 0.1);
    EXPECT_TRUE(later->log().ends_with("after_epoch after_fit cleanup_fit"));
    EXPECT_EQ(learn.records().epochs.size(), 1U);
}

TEST(TrainingLoop, a_stop_token_ends_the_fit_after_the_batch_at_hand) {
    std::stop_source source;
    const auto recorder = std::make_shared<EventRecorder>("after_pred", [&](TrainingState&) { source.request_stop(); });
    auto learn = small_learner({recorder});
    learn.fit(5, 0.1, {.stop = source.get_token()});
    EXPECT_EQ(recorder->log(),
              "before_fit before_epoch before_train " + kTrainBatch + " after_cancel_fit after_fit cleanup_fit");
    EXPECT_THAT(learn.stop_reason(), HasSubstr("asked to stop, in epoch 0 after batch 0"));
}

}  // namespace training_loop_test
}  // namespace embark
