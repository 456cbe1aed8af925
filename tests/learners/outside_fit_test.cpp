#include <embark/embark.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/text.h>

#include "event_recorder.h"
#include "test_files.h"

namespace embark {
namespace outside_fit_test {

using testing::EventRecorder;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

/// Standardizes the inputs of every batch, of training and validation.
struct Standardize : Callback {
    void before_batch(TrainingState& state) override {
        for (auto& input : state.batch.inputs) input = (input - 100) / 25;
    }
};

DataLoaders far_from_zero(uint64_t seed = 5) {
    torch::manual_seed(seed);
    const auto x = torch::randn({60, 2}) * 25 + 100;
    const auto y = x.sum(1, true) / 50 + torch::randn({60, 1}) * 0.1;
    return DataLoaders::from_tensors({.inputs = {x.slice(0, 0, 40)}, .targets = {y.slice(0, 0, 40)}},
                                     {.inputs = {x.slice(0, 40)}, .targets = {y.slice(0, 40)}},
                                     {.batch_size = 10, .valid_batch_size = 8});
}

Learner standardizing_learner(std::vector<std::shared_ptr<Callback>> callbacks) {
    const auto dls = far_from_zero();
    torch::manual_seed(1);
    return Learner(dls, torch::nn::Linear(2, 1),
                   {.loss = mse_loss_flat(), .metrics = {mae()}, .callbacks = std::move(callbacks), .progress = false});
}

TEST(OutsideFit, a_callback_that_changes_batches_does_so_in_validate_get_preds_and_predict) {
    auto learn = standardizing_learner({std::make_shared<Standardize>()});
    const EpochRow row = learn.fit(3, 0.05).epochs.back();
    const Validation validation = learn.validate();
    EXPECT_DOUBLE_EQ(validation.loss, row.valid_loss);
    EXPECT_DOUBLE_EQ(validation.metrics.at("mae"), row.metrics.at(0));

    const Predictions found = learn.get_preds();
    EXPECT_NEAR(found.losses.mean().item<double>(), row.valid_loss, 1e-5 * row.valid_loss);
    const auto& inputs = learn.dls().valid().data().inputs;
    EXPECT_TRUE(learn.predict(inputs).allclose(found.predictions));
    EXPECT_TRUE(learn.model()({(inputs.front() - 100) / 25}).front().allclose(found.predictions));
}

TEST(OutsideFit, events_are_those_of_validation_and_the_data_stay_as_they_are) {
    const auto recorder = std::make_shared<EventRecorder>();
    auto learn = standardizing_learner({std::make_shared<Standardize>(), recorder});
    const auto before = learn.dls().valid().data().inputs.front().clone();
    learn.predict({torch::ones({3, 2})});
    EXPECT_EQ(recorder->log(), "before_validate before_batch after_pred after_batch after_validate");
    recorder->clear();
    learn.validate(DataLoader({.inputs = {torch::ones({3, 2})}, .targets = {torch::ones({3, 1})}}, {.batch_size = 8}));
    EXPECT_EQ(recorder->log(), "before_validate before_batch after_pred after_loss after_batch after_validate");
    EXPECT_TRUE(learn.dls().valid().data().inputs.front().equal(before));
}

TEST(OutsideFit, what_judges_epochs_saves_logs_or_shortens_sits_out) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "model.safetensors";
    auto learn = standardizing_learner(
        {std::make_shared<Standardize>(), save_model({.path = path}), early_stopping({.monitor = "mae"}),
         reduce_lr_on_plateau(), csv_logger({.path = folder.path() / "log.csv"}), tensorboard(folder.path() / "runs"),
         short_epoch(), terminate_on_nan(), mix_up(), mc_dropout(), mixed_precision(AmpMode::bf16), gradient_clip()});
    EXPECT_EQ(learn.get_preds().predictions.size(0), 20);
    learn.validate();
    learn.predict({torch::full({1, 2}, std::numeric_limits<float>::quiet_NaN())});
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    EXPECT_TRUE(learn.records().epochs.empty());
}

TEST(OutsideFit, a_callback_may_leave_a_batch_of_predict_and_hears_that_none_is_left) {
    auto learn = standardizing_learner(
        {std::make_shared<EventRecorder>("before_batch", [](TrainingState& state) { state.cancel(Level::batch); })});
    EXPECT_THAT(message_of<Error>([&] {
                    learn.predict({torch::ones({1, 2})});
                }),
                HasSubstr("a callback left the batch"));
}

TEST(OutsideFit, predict_without_inputs_is_refused) {
    auto learn = standardizing_learner({mixed_precision(AmpMode::bf16)});
    EXPECT_THAT(message_of<Error>([&] { learn.predict(Tensors()); }), HasSubstr("predict was given no inputs"));
}

TEST(OutsideFit, the_data_of_a_learner_can_be_exchanged) {
    auto learn = standardizing_learner({std::make_shared<Standardize>()});
    const double first = learn.fit(2, 0.05).last("valid_loss");
    const auto other = far_from_zero(6);
    const double there = learn.validate(other.valid()).loss;
    learn.set_dls(other);
    EXPECT_NE(learn.validate().loss, first);
    EXPECT_DOUBLE_EQ(learn.validate().loss, there);
    EXPECT_LT(learn.fit(3, 0.05).last("valid_loss"), there);
}

/// Four ratings each of users 1 to 4, of items whose names end in `suffix`.
CollabDataLoaders ratings(const std::string& suffix, double plus = 0) {
    std::string text = "user,item,rating\n";
    for (int user = 1; user <= 4; ++user) {
        for (int item = 1; item <= 4; ++item)
            text += concat(user, ",", item, suffix, ",", (user + item) % 5 + plus, "\n");
    }
    const TemporaryFolder folder;
    const auto path = folder.path() / "ratings.csv";
    write_file_atomically(path, {text});
    const Table table = read_csv(path);
    return CollabDataLoaders::from_tables(table, table, {.batch_size = 4});
}

TEST(OutsideFit, exchanged_data_must_have_the_vocabularies_that_the_model_was_made_for) {
    auto learn = collab_learner(ratings(""), {.n_factors = 2}, {.progress = false});
    learn.set_dls(ratings("", 1));
    EXPECT_EQ(learn.collab_dls().collab().rating_max, 5);
    EXPECT_EQ(learn.fit(1, 0.01).epochs.size(), 1);
    EXPECT_THAT(message_of<UsageError>([&] { learn.set_dls(ratings("b")); }),
                HasSubstr("another vocabulary of 'item'"));
    EXPECT_EQ(learn.collab_dls().items().name(1), "1");
    Learner& any = learn;
    EXPECT_THAT(message_of<UsageError>([&] { any.set_dls(far_from_zero()); }), HasSubstr("takes CollabDataLoaders"));
}

// --- Options of fits
// --------------------------------------------------------------------------------------------------

TEST(FitOptions, every_schedule_takes_them_alone_or_within_its_own) {
    const auto recorder = std::make_shared<EventRecorder>();
    const FitOptions fit{.callbacks = {recorder}};
    const auto times = [&] {
        const auto count = std::count(recorder->seen().begin(), recorder->seen().end(), "before_fit");
        recorder->clear();
        return count;
    };
    auto learn = standardizing_learner({});
    learn.fit_one_cycle(1, 1e-3, {.callbacks = {recorder}});
    learn.fit_one_cycle(1, 1e-3, {.div = 10, .fit = fit});
    learn.fit_flat_cos(1, 1e-3, {.callbacks = {recorder}});
    learn.fit_flat_cos(1, {}, {.pct_start = 0.5, .fit = fit});
    learn.fit_sgdr(1, 1, 1e-3, {.callbacks = {recorder}});
    learn.fit_sgdr(1, 1, 1e-3, {.cycle_mult = 1, .fit = {.weight_decay = 0, .callbacks = {recorder}}});
    EXPECT_EQ(times(), 6);
    learn.fine_tune(1, 1e-3, {.callbacks = {recorder}});
    learn.fine_tune(1, 1e-3, {.freeze_epochs = 2, .fit = fit});
    EXPECT_EQ(times(), 4);
}

}  // namespace outside_fit_test
}  // namespace embark
