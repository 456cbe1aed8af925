#include <embark/callbacks/reporting/recorder.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/core/state_dict.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace recorder_test {

using ::testing::HasSubstr;

TEST(Recorder, smooths_the_training_loss_as_fastai_does) {
    const auto baseline = testing::json_baseline("smooth_loss.json");
    Recorder recorder;
    TrainingState state;
    recorder.before_fit(state);
    for (const double loss : baseline.at("losses")) {
        state.loss = torch::tensor(loss, at::kDouble);
        recorder.after_batch(state);
    }
    const auto expected = baseline.at("smooth").at("0.98").get<std::vector<double>>();
    ASSERT_EQ(state.records.smooth_losses.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(state.records.smooth_losses[i], expected[i], 5e-6) << i;
}

TEST(Recorder, averages_the_validation_loss_by_batch_size_as_fastai_does) {
    const auto baseline = testing::json_baseline("smooth_loss.json").at("average");
    Recorder recorder;
    TrainingState state;
    state.training = false;
    recorder.before_validate(state);
    for (size_t i = 0; i < baseline.at("losses").size(); ++i) {
        state.loss = torch::tensor(baseline["losses"][i].get<double>(), at::kDouble);
        state.batch.inputs = {torch::zeros({baseline["batch_sizes"][i].get<int64_t>(), 1})};
        recorder.after_batch(state);
    }
    recorder.after_validate(state);
    EXPECT_NEAR(recorder.valid_loss(), baseline.at("value").get<double>(), 1e-6);
}

TEST(Recorder, an_epoch_without_validation_has_no_valid_loss) {
    Recorder recorder({rmse()});
    TrainingState state;
    recorder.before_fit(state);
    recorder.before_epoch(state);
    recorder.before_train(state);
    state.loss = torch::tensor(0.5);
    recorder.after_batch(state);
    recorder.after_train(state);
    recorder.after_epoch(state);
    const EpochRow& row = state.records.epochs.at(0);
    EXPECT_NEAR(row.train_loss, 0.5, 1e-12);
    EXPECT_TRUE(std::isnan(row.valid_loss));
    EXPECT_TRUE(std::isnan(row.metrics.at(0)));
    EXPECT_EQ(row.batches, 1);
}

TEST(Recorder, keeps_no_predictions_after_validation) {
    Recorder recorder({rmse()});
    TrainingState state;
    state.training = false;
    const auto p = torch::zeros({2});
    recorder.before_validate(state);
    state.loss = torch::tensor(0.5);
    state.predictions = {p};
    state.batch = {.inputs = {torch::zeros({2, 1})}, .targets = {torch::ones({2})}};
    recorder.after_batch(state);
    state.predictions.clear();
    EXPECT_EQ(p.storage().use_count(), 2);
    recorder.after_validate(state);
    EXPECT_EQ(p.storage().use_count(), 1);
    EXPECT_EQ(recorder.metric_values().at(0), 1);
}

TEST(Recorder, a_batch_without_a_loss_is_not_recorded) {
    Recorder recorder;
    TrainingState state;
    recorder.before_fit(state);
    recorder.after_batch(state);
    EXPECT_TRUE(state.records.losses.empty());
}

TEST(Recorder, an_epoch_that_is_resumed_and_not_validated_has_no_valid_loss_either) {
    Recorder before({rmse()}), after({rmse()});
    TrainingState state;
    before.before_fit(state);
    before.before_epoch(state);
    before.before_train(state);
    state.loss = torch::tensor(0.5);
    before.after_batch(state);
    StateDict saved;
    before.save_state(saved, state);
    TrainingState resumed;
    after.before_fit(resumed);
    after.load_state(saved, resumed);
    after.after_train(resumed);
    after.after_epoch(resumed);
    EXPECT_TRUE(std::isnan(resumed.records.epochs.at(0).valid_loss));
    EXPECT_TRUE(std::isnan(resumed.records.epochs.at(0).metrics.at(0)));
}

TEST(Records, the_last_value_is_found_by_name) {
    Records records;
    EXPECT_THAT(testing::message_of<Error>([&] { records.last("valid_loss"); }), HasSubstr("no epoch was finished"));
    records.metric_names = {"rmse"};
    records.epochs.push_back({.train_loss = 1, .valid_loss = 2, .metrics = {3}});
    EXPECT_EQ(records.last("train_loss"), 1);
    EXPECT_EQ(records.last("valid_loss"), 2);
    EXPECT_EQ(records.last("rmse"), 3);
    EXPECT_THAT(testing::message_of<Error>([&] { records.last("rsme"); }), HasSubstr("did you mean 'rmse'"));
}

}  // namespace recorder_test
}  // namespace embark
