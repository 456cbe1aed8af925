#include <embark/callbacks/checkpoint/save_model.h>
#include <embark/callbacks/early_stopping.h>
#include <embark/callbacks/reduce_lr_on_plateau.h>

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>
#include <embark/core/state_dict.h>
#include <embark/optim/model_state.h>

#include "hand_made_fit.h"
#include "test_files.h"

namespace embark {
namespace tracker_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::HandMadeFit;
using ::testing::HasSubstr;
using testing::message_of;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Why EarlyStopping ended a fit with these validation losses, and after how many epochs.
std::pair<std::string, size_t> stopped(const EarlyStoppingOptions& options, const std::vector<double>& losses) {
    HandMadeFit fit;
    EarlyStopping callback(options);
    callback.before_fit(fit.state);
    for (const double loss : losses) {
        fit.epoch(callback, loss, /*accuracy=*/1 - loss);
        if (fit.state.cancelled(Level::fit)) break;
    }
    return {fit.state.stop_reason(), fit.state.records.epochs.size()};
}

TEST(EarlyStopping, ends_the_fit_after_patience_epochs_without_improvement) {
    EXPECT_EQ(stopped({.patience = 3}, {1, 0.75, 0.8, 0.8, 0.75, 0.1}),
              std::pair(std::string("valid_loss did not improve for 3 epochs; best 0.75 in epoch 1"), size_t{5}));
    EXPECT_EQ(stopped({}, {1, 1}).first, "valid_loss did not improve for 1 epoch; best 1 in epoch 0");
    EXPECT_EQ(stopped({.patience = 2}, {1, 2, 0.5, 2, 0.25, 2}).first, "");
}

TEST(EarlyStopping, knows_which_way_a_metric_is_better) {
    EXPECT_EQ(stopped({.monitor = "accuracy"}, {0.5, 0.4, 0.6}).second, 3U);
    EXPECT_EQ(stopped({.monitor = "rmse"}, {0.5, 0.4, 0.6}).second, 3U);
    EXPECT_EQ(stopped({.monitor = "accuracy"}, {0.5, 0.6, 0.6}).second, 2U);
}

TEST(EarlyStopping, an_improvement_is_larger_than_min_delta) {
    EXPECT_EQ(stopped({.min_delta = 0.25}, {1, 0.75}).second, 2U);
    EXPECT_EQ(stopped({.min_delta = 0.25}, {1, 0.75}).first.empty(), false);
    EXPECT_EQ(stopped({.min_delta = 0.25}, {1, 0.5}).first, "");
}

TEST(EarlyStopping, what_is_no_finite_number_is_no_improvement) {
    EXPECT_EQ(stopped({.patience = 2}, {kNan, std::numeric_limits<double>::infinity()}).first,
              "valid_loss did not improve for 2 epochs; it was never a finite number");
    EXPECT_EQ(stopped({.patience = 2}, {1, kNan, 0.5, kNan}).first, "");
}

TEST(EarlyStopping, a_later_fit_forgets_the_best_unless_told_to_keep_it) {
    const auto second_fit = [](bool reset_on_fit) {
        EarlyStopping callback({.reset_on_fit = reset_on_fit});
        HandMadeFit first, second;
        callback.before_fit(first.state);
        first.epoch(callback, 0.5);
        callback.before_fit(second.state);
        second.epoch(callback, 0.75);
        return second.state.stop_reason();
    };
    EXPECT_EQ(second_fit(true), "");
    EXPECT_EQ(second_fit(false), "valid_loss did not improve for 1 epoch; best 0.5 in an earlier fit");
}

TEST(EarlyStopping, what_cannot_be_monitored_is_refused_before_the_fit) {
    HandMadeFit fit;
    EXPECT_THAT(message_of<Error>([&] { EarlyStopping({.monitor = "acuracy"}).before_fit(fit.state); }),
                AllOf(HasSubstr("early_stopping cannot monitor 'acuracy'"), HasSubstr("did you mean 'accuracy'"),
                      HasSubstr("train_loss, valid_loss, rmse, accuracy")));
    fit.state.has_valid = false;
    EXPECT_THAT(
        message_of<Error>([&] { EarlyStopping().before_fit(fit.state); }),
        AllOf(HasSubstr("cannot monitor valid_loss: the data have no validation part"), HasSubstr("\"train_loss\"")));
    EarlyStopping({.monitor = "train_loss"}).before_fit(fit.state);
    EXPECT_THAT(message_of<UsageError>([] { EarlyStopping({.patience = 0}); }), HasSubstr("Invalid patience 0"));
    EXPECT_THAT(message_of<UsageError>([] { EarlyStopping({.min_delta = -1}); }), HasSubstr("Invalid min_delta -1"));
}

TEST(EarlyStopping, goes_on_from_what_it_saved) {
    HandMadeFit fit;
    EarlyStopping before({.patience = 2}), after({.patience = 2});
    before.before_fit(fit.state);
    for (const double loss : {0.5, 0.75}) fit.epoch(before, loss);
    StateDict saved;
    before.save_state(saved, fit.state);
    after.before_fit(fit.state);
    after.load_state(saved, fit.state);
    fit.epoch(after, 0.5);
    EXPECT_EQ(fit.state.stop_reason(), "valid_loss did not improve for 2 epochs; best 0.5 in epoch 0");
}

TEST(EarlyStopping, can_put_the_best_epochs_model_back_also_after_a_resume) {
    torch::nn::Linear model(2, 1);
    const auto weight_after = [&](bool resumed) {
        HandMadeFit fit;
        fit.state.model = model.ptr().get();
        auto callback = std::make_unique<EarlyStopping>(EarlyStoppingOptions{.patience = 3, .restore_best = true});
        callback->before_fit(fit.state);
        const torch::NoGradGuard no_grad;
        for (const auto& [loss, weight] : {std::pair{0.5, 1.0}, {0.25, 2.0}, {0.75, 3.0}}) {
            model->weight.fill_(weight);
            fit.epoch(*callback, loss);
        }
        if (resumed) {
            StateDict saved;
            callback->save_state(saved, fit.state);
            callback = std::make_unique<EarlyStopping>(EarlyStoppingOptions{.patience = 3, .restore_best = true});
            callback->before_fit(fit.state);
            callback->load_state(saved, fit.state);
        }
        callback->after_fit(fit.state);
        return model->weight.mean().item<double>();
    };
    EXPECT_EQ(weight_after(false), 2);
    EXPECT_EQ(weight_after(true), 2);
}

HandMadeFit two_groups(double first, double second) {
    HandMadeFit fit({{.parameters = {}}, {.parameters = {}}});
    fit.optimizer->set_hyper("lr", {first, second});
    return fit;
}

std::vector<double> rates(const HandMadeFit& fit) {
    return {fit.optimizer->groups()[0].hyper.at("lr"), fit.optimizer->groups()[1].hyper.at("lr")};
}

TEST(ReduceLROnPlateau, divides_each_groups_own_rate_each_time_patience_is_over) {
    auto fit = two_groups(1e-3, 1e-1);
    ReduceLROnPlateau callback({.patience = 2});
    callback.before_fit(fit.state);
    for (const double loss : {1, 1}) fit.epoch(callback, loss);
    EXPECT_THAT(rates(fit), ElementsAre(1e-3, 1e-1));
    fit.epoch(callback, 1);
    EXPECT_THAT(rates(fit), ElementsAre(1e-3 / 10, 1e-1 / 10));
    fit.epoch(callback, 1);
    EXPECT_THAT(rates(fit), ElementsAre(1e-3 / 10, 1e-1 / 10));
    fit.epoch(callback, 1);
    EXPECT_THAT(rates(fit), ElementsAre(1e-3 / 10 / 10, 1e-1 / 10 / 10));
}

TEST(ReduceLROnPlateau, neither_goes_below_min_lr_nor_raises_a_rate_that_is) {
    auto fit = two_groups(1e-4, 5e-3);
    ReduceLROnPlateau callback({.factor = 10, .min_lr = 1e-3});
    callback.before_fit(fit.state);
    for (const double loss : {1, 1}) fit.epoch(callback, loss);
    EXPECT_THAT(rates(fit), ElementsAre(1e-4, 1e-3));
}

TEST(ReduceLROnPlateau, refuses_a_scheduled_rate_and_bad_settings) {
    HandMadeFit fit;
    fit.state.scheduled = {"lr", "mom"};
    EXPECT_THAT(message_of<UsageError>([&] { ReduceLROnPlateau().before_fit(fit.state); }),
                AllOf(HasSubstr("a schedule sets the learning rate"), HasSubstr("fit()")));
    fit.state.scheduled = {"mom"};
    ReduceLROnPlateau().before_fit(fit.state);
    EXPECT_THAT(message_of<UsageError>([] { ReduceLROnPlateau({.factor = 1}); }), HasSubstr("Invalid factor 1"));
    EXPECT_THAT(message_of<UsageError>([] { ReduceLROnPlateau({.min_lr = -1}); }), HasSubstr("Invalid min_lr -1"));
    EXPECT_THAT(message_of<UsageError>([] { ReduceLROnPlateau({.patience = 0}); }), HasSubstr("Invalid patience 0"));
}

/// A model of one number, in a fit of its own.
struct OneNumber : torch::nn::Module {
    explicit OneNumber(double number) : value(register_parameter("value", torch::full({1}, number))) {}
    at::Tensor value;
};

struct SavingFit : HandMadeFit {
    explicit SavingFit(double number)
        : HandMadeFit({{.parameters = {{.name = "value", .tensor = torch::full({1}, number).requires_grad_()}}}}),
          model(std::make_shared<OneNumber>(number)) {
        state.model = model.get();
    }
    /// An epoch at whose end the model's number and the optimizer's momentum are `number`.
    void epoch_with(Callback& callback, double number, double valid_loss) {
        model->value.data().fill_(number);
        optimizer->set_hyper("mom", number);
        epoch(callback, valid_loss);
    }
    double number() const { return model->value.item<double>(); }
    std::shared_ptr<OneNumber> model;
};

double number_in(const std::filesystem::path& path) {
    return load_safetensors(path).tensors.at("model.value").item<double>();
}

TEST(SaveModel, keeps_the_best_and_reloads_it_at_the_end) {
    const testing::TemporaryFolder folder;
    const auto path = folder.path() / "best.safetensors";
    SavingFit fit(0);
    SaveModel callback({.path = path});
    callback.before_fit(fit.state);
    fit.epoch_with(callback, 0.125, 1);
    fit.epoch_with(callback, 0.25, 0.5);
    fit.epoch_with(callback, 0.5, 0.75);
    EXPECT_EQ(number_in(callback.last_saved_path()), 0.25);
    EXPECT_EQ(fit.number(), 0.5);
    callback.after_fit(fit.state);
    EXPECT_EQ(fit.number(), 0.25);
    EXPECT_EQ(callback.best_epoch(), 1);
    EXPECT_EQ(fit.optimizer->hyper("mom"), 0.5);  // without with_opt the optimizer stays
    EXPECT_EQ(callback.last_saved_path(), path);
}

TEST(SaveModel, the_optimizer_is_kept_too_where_asked) {
    const testing::TemporaryFolder folder;
    SavingFit fit(0);
    SaveModel callback({.path = folder.path() / "best", .with_opt = true});
    callback.before_fit(fit.state);
    fit.epoch_with(callback, 0.25, 0.5);
    fit.epoch_with(callback, 0.5, 0.75);
    callback.after_fit(fit.state);
    EXPECT_EQ(fit.optimizer->hyper("mom"), 0.25);
}

TEST(SaveModel, a_fit_without_a_best_reloads_nothing) {
    const testing::TemporaryFolder folder;
    const auto path = folder.path() / "best.safetensors";
    SavingFit earlier(7), fit(0);
    ModelState(*earlier.model, *earlier.optimizer).save(path);
    SaveModel callback({.path = path});
    callback.before_fit(fit.state);
    fit.epoch_with(callback, 0.5, kNan);
    callback.after_fit(fit.state);
    EXPECT_EQ(fit.number(), 0.5);
}

TEST(SaveModel, saves_every_epoch_in_a_file_of_its_own) {
    const testing::TemporaryFolder folder;
    SavingFit fit(0);
    fit.state.has_valid = false;  // nothing is monitored
    SaveModel callback({.path = folder.path() / "model.safetensors", .every_epoch = 2});
    callback.before_fit(fit.state);
    for (const double number : {0.5, 0.25, 0.125}) fit.epoch_with(callback, number, 1);
    callback.after_fit(fit.state);
    EXPECT_EQ(number_in(folder.path() / "model_0.safetensors"), 0.5);
    EXPECT_EQ(number_in(folder.path() / "model_2.safetensors"), 0.125);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "model_1.safetensors"));
    EXPECT_EQ(fit.number(), 0.125);
}

TEST(SaveModel, saves_the_last_model_where_asked) {
    const testing::TemporaryFolder folder;
    SavingFit fit(0);
    SaveModel callback({.path = folder.path() / "model", .at_end = true});
    callback.before_fit(fit.state);
    fit.epoch_with(callback, 0.5, 1);
    fit.epoch_with(callback, 0.25, 2);
    callback.after_fit(fit.state);
    EXPECT_EQ(number_in(folder.path() / "model"), 0.25);
    EXPECT_EQ(fit.number(), 0.25);
}

TEST(SaveModel, what_is_written_beside_training_is_there_when_it_is_asked_for) {
    const testing::TemporaryFolder folder;
    const auto path = folder.path() / "best";
    SavingFit fit(0);
    SaveModel callback({.path = path});
    for (const double number : {0.5, 0.25}) {
        callback.before_fit(fit.state);
        fit.epoch_with(callback, number, 1);
        if (number == 0.5) {
            StateDict checkpoint;
            callback.save_state(checkpoint, fit.state);
        } else {
            callback.cleanup_fit(fit.state);
        }
        EXPECT_EQ(number_in(path), number);
    }
}

TEST(SaveModel, a_file_that_cannot_be_written_ends_the_fit_and_not_the_next_one) {
    const testing::TemporaryFolder folder;
    const auto inner = folder.path() / "models";
    std::filesystem::create_directory(inner);
    SavingFit fit(0);
    SaveModel callback({.path = inner / "best"});
    callback.before_fit(fit.state);
    std::filesystem::remove(inner);
    fit.epoch_with(callback, 0.5, 1);
    const auto failed = AllOf(HasSubstr("best"), HasSubstr("there is no folder"));
    StateDict checkpoint;
    EXPECT_THAT(message_of<Error>([&] { fit.epoch_with(callback, 0.5, 0.5); }), failed);
    EXPECT_THAT(message_of<Error>([&] { callback.save_state(checkpoint, fit.state); }), failed);
    EXPECT_THAT(message_of<Error>([&] { callback.after_fit(fit.state); }), failed);
    EXPECT_THAT(message_of<Error>([&] { callback.last_saved_path(); }), failed);
    callback.cleanup_fit(fit.state);

    std::filesystem::create_directory(inner);
    callback.before_fit(fit.state);
    fit.epoch_with(callback, 0.25, 1);
    callback.after_fit(fit.state);
    EXPECT_EQ(number_in(callback.last_saved_path()), 0.25);
}

TEST(SaveModel, says_beforehand_what_cannot_work) {
    const testing::TemporaryFolder folder;
    SavingFit fit(0);
    EXPECT_THAT(message_of<Error>([&] { SaveModel({.path = folder.path() / "no" / "x"}).before_fit(fit.state); }),
                HasSubstr("there is no folder"));
    EXPECT_THAT(message_of<UsageError>([] { SaveModel({.every_epoch = 1, .at_end = true}); }), HasSubstr("not both"));
    EXPECT_THAT(message_of<UsageError>([] { SaveModel({.every_epoch = -1}); }), HasSubstr("Invalid every_epoch -1"));

    SaveModel saved({.path = folder.path() / "gone"});
    saved.before_fit(fit.state);
    fit.epoch_with(saved, 0.5, 1);
    StateDict state;
    saved.save_state(state, fit.state);
    std::filesystem::remove(folder.path() / "gone");
    SaveModel resumed({.path = folder.path() / "gone"});
    resumed.before_fit(fit.state);
    EXPECT_THAT(message_of<Error>([&] { resumed.load_state(state, fit.state); }), HasSubstr("there is no such file"));
}

}  // namespace tracker_test
}  // namespace embark
