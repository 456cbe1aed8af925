#include <embark/callbacks/checkpoint/save_model.h>
#include <embark/callbacks/early_stopping.h>
#include <embark/callbacks/gradient_accumulation.h>
#include <embark/callbacks/gradient_clip.h>
#include <embark/callbacks/mc_dropout.h>
#include <embark/callbacks/mix_up.h>
#include <embark/callbacks/mixed_precision.h>
#include <embark/callbacks/reduce_lr_on_plateau.h>
#include <embark/callbacks/reporting/csv_logger.h>
#include <embark/callbacks/reporting/event_timer.h>
#include <embark/callbacks/short_epoch.h>
#include <embark/callbacks/terminate_on_nan.h>
#include <embark/callbacks/training_state.h>
#include <embark/data/csv/csv.h>
#include <embark/learners/learner.h>

#include <cmath>
#include <functional>
#include <limits>

#include <ATen/autocast_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/optim/model_state.h>
#include <embark/optim/optimizers.h>
#include <embark/optim/torch_optimizer.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace callbacks_test {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

using Callbacks = std::vector<std::shared_ptr<Callback>>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// 48 rows for training and 16 for validation, with weights where asked.
DataLoaders regression_data(int64_t batch_size, at::ScalarType type = at::kFloat, bool weighted = false) {
    torch::manual_seed(7);
    const auto x = torch::randn({64, 3}, type);
    const auto y = x.matmul(torch::tensor({{1.0}, {-2.0}, {0.5}}).to(type)) + torch::randn({64, 1}, type) * 0.1;
    const auto weights = torch::rand({64}, type) + 0.1;
    TensorDataset train{.inputs = {x.narrow(0, 0, 48)}, .targets = {y.narrow(0, 0, 48)}};
    if (weighted) train.weights = weights.narrow(0, 0, 48);
    const TensorDataset valid{.inputs = {x.narrow(0, 48, 16)}, .targets = {y.narrow(0, 48, 16)}};
    return DataLoaders::from_tensors(train, valid, {.batch_size = batch_size, .shuffle = false, .drop_last = false});
}

torch::nn::Sequential small_model(double dropout = 0) {
    torch::manual_seed(3);
    return torch::nn::Sequential(torch::nn::Linear(3, 8), torch::nn::Tanh(), torch::nn::Dropout(dropout),
                                 torch::nn::Linear(8, 1));
}

Learner small_learner(const DataLoaders& dls, LearnerOptions options = {}, double dropout = 0) {
    options.loss = mse_loss_flat();
    options.progress = false;
    auto model = small_model(dropout);
    model->to(dls.train().data().inputs[0].scalar_type());
    return Learner(dls, model, options);
}

at::Tensor weights(const Learner& learn) {
    Tensors flat;
    for (const auto& parameter : learn.model().module().parameters()) flat.push_back(parameter.detach().reshape(-1));
    return torch::cat(flat).clone();
}

/// Does something at one event.
template <Event kEvent>
struct At;
#define EMBARK_AT(event)                                                                         \
    template <>                                                                                  \
    struct At<&Callback::event> : Callback {                                                     \
        explicit At(std::function<void(TrainingState&)> action_) : action(std::move(action_)) {} \
        void event(TrainingState& state) override { action(state); }                             \
        std::function<void(TrainingState&)> action;                                              \
    }
EMBARK_AT(before_batch);
EMBARK_AT(after_pred);
EMBARK_AT(after_batch);
#undef EMBARK_AT

// --- GradientAccumulation -------------------------------------------------------------------------------------------

struct Accumulated {
    at::Tensor weights;
    std::vector<double> losses;
};

Accumulated train_in_batches(int64_t batch_size, int64_t n_acc, at::ScalarType type, bool weighted,
                             const OptimizerFactory& optimizer) {
    auto learn = small_learner(regression_data(batch_size, type, weighted), {.optimizer = optimizer});
    Callbacks callbacks;
    if (n_acc > 0) callbacks = {std::make_shared<GradientAccumulation>(GradientAccumulationOptions{.n_acc = n_acc})};
    const auto& records = learn.fit(2, 0.05, {.callbacks = callbacks});
    return {weights(learn), records.losses};
}

TEST(Callbacks, accumulated_gradients_are_those_of_the_large_batch) {
    const auto sgd = torch_optimizer<torch::optim::SGD>(torch::optim::SGDOptions(0.1).momentum(0.9));
    struct Case {
        int64_t batch_size, n_acc, large_batch;
    };
    for (const auto& [batch_size, n_acc, large] : {Case{4, 16, 16}, Case{6, 8, 12}, Case{16, 7, 16}}) {
        for (const bool weighted : {false, true}) {
            for (const auto& optimizer : {sgd, adam()}) {
                const auto exact = train_in_batches(batch_size, n_acc, at::kDouble, weighted, optimizer);
                const auto expected = train_in_batches(large, 0, at::kDouble, weighted, optimizer);
                EXPECT_LE(testing::largest_difference(exact.weights, expected.weights), 1e-12)
                    << batch_size << weighted;
                EXPECT_LE(testing::largest_difference(
                              train_in_batches(batch_size, n_acc, at::kFloat, weighted, optimizer).weights,
                              train_in_batches(large, 0, at::kFloat, weighted, optimizer).weights),
                          1e-6)
                    << batch_size << weighted;
            }
        }
    }
}

TEST(Callbacks, accumulated_gradients_of_weighted_and_ignored_classes_are_those_of_the_large_batch) {
    torch::manual_seed(5);
    const auto x = torch::randn({96, 3}, at::kDouble);
    auto y = torch::randint(3, {96}, at::kLong);
    y.slice(0, 8, 16).fill_(-1);  // whole batches that count nothing
    y.slice(0, 17, 96, 5).fill_(-1);
    for (const bool smooth : {false, true}) {
        const auto train = [&](int64_t batch_size, bool accumulate) {
            torch::manual_seed(6);
            const TensorDataset data{.inputs = {x}, .targets = {y}};
            torch::nn::Linear model(3, 3);
            model->to(at::kDouble);
            Learner learn(DataLoaders(DataLoader(data, {.batch_size = batch_size}), std::nullopt), model,
                          {.loss = cross_entropy_loss_flat(
                               {.weight = {0.1, 1, 4}, .label_smoothing = smooth ? 0.1 : 0, .ignore_index = -1}),
                           .optimizer = sgd(),
                           .progress = false});
            Callbacks callbacks;
            if (accumulate) {
                callbacks = {std::make_shared<GradientAccumulation>(GradientAccumulationOptions{.n_acc = 32})};
            }
            learn.fit(2, 0.5, {.callbacks = callbacks});
            return weights(learn);
        };
        EXPECT_LE(testing::largest_difference(train(smooth ? 16 : 8, true), train(32, false)), 1e-12);
    }
}

TEST(Callbacks, the_recorded_loss_of_an_accumulated_batch_is_its_own) {
    const auto sgd = torch_optimizer<torch::optim::SGD>(torch::optim::SGDOptions(0.1));
    const auto accumulated = train_in_batches(4, 1000, at::kDouble, false, sgd);  // no step is ever made
    auto learn = small_learner(regression_data(4, at::kDouble));
    const auto expected = learn.get_preds(learn.dls().train()).losses.reshape({-1, 4}).mean(1);
    ASSERT_EQ(accumulated.losses.size(), 24U);
    for (int64_t i = 0; i < 24; ++i) {
        EXPECT_NEAR(accumulated.losses[static_cast<size_t>(i)], expected[i % 12].item<double>(), 1e-12);
    }
}

// --- TerminateOnNaN and MixedPrecision -------------------------------------------------------------------------------

/// Fits with TerminateOnNaN and `others`; `break_batch` spoils one batch, number 3. The weights and the optimizer's
/// state must be those before it.
std::string reason_of_broken_fit(Loss loss, const std::function<void(TrainingState&)>& break_batch,
                                 Callbacks others = {}) {
    auto dls = regression_data(8);
    Learner learn(dls, small_model(), {.loss = std::move(loss), .progress = false});
    at::Tensor before;
    std::map<std::string, at::Tensor> state_before;
    others.push_back(std::make_shared<TerminateOnNaN>());
    others.push_back(std::make_shared<At<&Callback::before_batch>>([&](TrainingState& state) {
        if (state.train_iter != 3 || !state.training) return;
        before = weights(learn);
        state_before.clear();
        for (const auto& [name, tensor] : state.optimizer->state()) state_before[name] = tensor.clone();
        break_batch(state);
    }));
    learn.fit(2, 0.01, {.callbacks = others});
    EXPECT_TRUE(weights(learn).equal(before));
    EXPECT_EQ(learn.optimizer().state().size(), state_before.size());
    for (const auto& [name, tensor] : learn.optimizer().state()) {
        EXPECT_TRUE(tensor.equal(state_before.at(name))) << name;
    }
    EXPECT_EQ(learn.records().losses.size(), 3U);
    return learn.stop_reason();
}

TEST(Callbacks, a_loss_that_is_not_a_number_ends_the_fit_with_weights_untouched) {
    EXPECT_EQ(reason_of_broken_fit(mse_loss_flat(),
                                   [](TrainingState& state) {
                                       state.batch.targets[0] = torch::full({8, 1}, kNan);
                                   }),
              "the loss is nan, in epoch 0 at batch 3");
}

TEST(Callbacks, a_gradient_that_is_not_finite_ends_the_fit_with_weights_untouched) {
    // The root of 0 is a number, its slope is not.
    const Loss loss("broken", [](const at::Tensor& p, const at::Tensor& y) {
        const bool broken = y.abs().max().item<double>() > 1e5;
        return broken ? (p * 0).abs().sqrt().mean() : at::mse_loss(p, y);
    });
    EXPECT_EQ(reason_of_broken_fit(loss,
                                   [](TrainingState& state) {
                                       state.batch.targets[0] = torch::full({8, 1}, 1e6);
                                   },
                                   {std::make_shared<GradientClip>()}),
              "the gradient of 0.weight is not finite, in epoch 0 at batch 3");
}

TEST(Callbacks, an_overflow_in_fp16_skips_a_step_and_does_not_end_the_fit) {
    auto learn = small_learner(regression_data(8));
    const auto mixed = std::make_shared<MixedPrecision>(MixedPrecisionOptions{.init_scale = std::pow(2, 24)});
    learn.fit(20, 0.01, {.callbacks = {std::make_shared<TerminateOnNaN>(), mixed}});
    EXPECT_EQ(learn.stop_reason(), "");
    EXPECT_GE(mixed->skipped_steps(), 1);
    EXPECT_LT(mixed->scale(), std::pow(2, 24));
    EXPECT_LT(learn.validate().loss, 0.5);
    const at::Tensor step = learn.optimizer().state().at("0.weight.step");
    EXPECT_EQ(step.item<double>() + static_cast<double>(mixed->skipped_steps()), 20 * 6);
}

TEST(Callbacks, gradients_that_are_broken_whatever_the_scale_end_an_fp16_fit) {
    auto learn = Learner(
        regression_data(8), small_model(),
        {.loss = Loss("broken", [](const at::Tensor& p, const at::Tensor&) { return (p * 0).abs().sqrt().mean(); }),
         .progress = false});
    const auto before = weights(learn);
    const auto mixed = std::make_shared<MixedPrecision>();
    learn.fit(10, 0.01, {.callbacks = {std::make_shared<TerminateOnNaN>(), mixed}});
    // 65536 is 2^16: after 16 skipped steps the factor is 1.
    EXPECT_EQ(mixed->skipped_steps(), 16);
    EXPECT_EQ(learn.stop_reason(), "the gradient of 0.weight is not finite, in epoch 2 at batch 4");
    EXPECT_TRUE(weights(learn).equal(before));
}

TEST(Callbacks, mixed_precision_trains_as_well_and_leaves_float32_weights) {
    for (const auto mode : {AmpMode::bf16, AmpMode::fp16}) {
        auto plain = small_learner(regression_data(8)), mixed = small_learner(regression_data(8));
        const double expected = plain.fit(20, 0.01).last("valid_loss");
        const auto callback = std::make_shared<MixedPrecision>(MixedPrecisionOptions{.amp_mode = mode});
        const double reached = mixed.fit(20, 0.01, {.callbacks = {callback}}).last("valid_loss");
        EXPECT_NEAR(reached, expected, 0.02);
        EXPECT_NE(reached, expected);
        EXPECT_EQ(weights(mixed).scalar_type(), at::kFloat);
        EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
        const auto predictions = mixed.get_preds({callback}).predictions;
        EXPECT_EQ(predictions.scalar_type(), at::kFloat);
        EXPECT_FALSE(predictions.equal(mixed.get_preds().predictions));
    }
}

TEST(Callbacks, autocast_is_off_again_however_a_batch_is_left) {
    const auto off_after = [](const std::function<void(TrainingState&)>& leave) {
        auto learn = small_learner(regression_data(8));
        const auto mixed = std::make_shared<MixedPrecision>(MixedPrecisionOptions{.amp_mode = AmpMode::bf16});
        const auto leaver = std::make_shared<At<&Callback::after_pred>>(leave);
        bool off = true;
        const auto look = std::make_shared<At<&Callback::after_batch>>(
            [&](TrainingState&) { off = off && !at::autocast::is_autocast_enabled(at::kCPU); });
        try {
            learn.fit(2, 0.01, {.callbacks = {mixed, leaver, look}});
        } catch (const Error&) {
            EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
        }
        off = off && !at::autocast::is_autocast_enabled(at::kCPU);
        try {
            learn.validate({mixed, leaver});
        } catch (const Error&) {
            EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
        }
        return off && !at::autocast::is_autocast_enabled(at::kCPU);
    };
    for (const Level level : {Level::batch, Level::train, Level::epoch, Level::fit}) {
        EXPECT_TRUE(off_after([level](TrainingState& state) {
            if (state.training) state.cancel(level);
        }));
    }
    EXPECT_TRUE(off_after([](TrainingState& state) {
        if (!state.training) state.cancel(Level::validate);
    }));
    EXPECT_TRUE(off_after([](TrainingState&) { fail("no more"); }));
}

TEST(Callbacks, accumulation_clipping_and_fp16_agree_with_one_large_batch) {
    // Adam would make much of what half's 11 bits change in gradients near 0.
    const auto sgd = torch_optimizer<torch::optim::SGD>(torch::optim::SGDOptions(0.1));
    const auto train = [&](int64_t batch_size, bool accumulate) {
        auto learn = small_learner(regression_data(batch_size), {.optimizer = sgd});
        const auto mixed = std::make_shared<MixedPrecision>(MixedPrecisionOptions{.init_scale = 1024});
        Callbacks callbacks = {std::make_shared<GradientClip>(GradientClipOptions{.max_norm = 0.1}), mixed};
        if (accumulate) {
            callbacks.push_back(std::make_shared<GradientAccumulation>(GradientAccumulationOptions{.n_acc = 16}));
        }
        learn.fit(10, 0.1, {.callbacks = callbacks});
        EXPECT_EQ(mixed->skipped_steps(), 0);
        return weights(learn);
    };
    EXPECT_LE(testing::largest_difference(train(4, true), train(16, false)), 1e-3);
}

// --- MixUp, MCDropout, ShortEpoch
// -------------------------------------------------------------------------------------

TEST(Callbacks, mix_up_trains_on_mixtures_of_numbers_and_of_classes) {
    auto learn = small_learner(regression_data(8, at::kFloat, /*weighted=*/true));
    learn.fit(30, 0.01, {.callbacks = {std::make_shared<MixUp>()}});
    EXPECT_LT(learn.validate().loss, 0.3);

    torch::manual_seed(5);
    const auto x = torch::randn({200, 2});
    const auto y = (x.select(1, 0) > 0).to(at::kLong);
    for (const bool weighted : {false, true}) {
        TensorDataset data{.inputs = {x}, .targets = {y}};
        if (weighted) data.weights = torch::ones({200});
        Learner classifier(DataLoaders::from_tensors(data, {.batch_size = 16}), torch::nn::Linear(2, 2),
                           {.loss = cross_entropy_loss_flat(), .metrics = {accuracy()}, .progress = false});
        EXPECT_GT(classifier.fit(10, 0.05, {.callbacks = {std::make_shared<MixUp>()}}).last("accuracy"), 0.9);
    }
}

TEST(Callbacks, mc_dropout_gives_other_predictions_each_time) {
    auto learn = small_learner(regression_data(8), {}, /*dropout=*/0.5);
    const auto dropout = std::make_shared<MCDropout>();
    const auto first = learn.get_preds({dropout}).predictions;
    EXPECT_FALSE(first.equal(learn.get_preds({dropout}).predictions));
    EXPECT_TRUE(learn.get_preds().predictions.equal(learn.get_preds().predictions));
}

TEST(Callbacks, short_epochs_train_and_validate_on_a_few_batches) {
    auto learn = small_learner(regression_data(4));
    const auto& records =
        learn.fit(3, 0.01, {.callbacks = {std::make_shared<ShortEpoch>(ShortEpochOptions{.pct = 0.1})}});
    EXPECT_EQ(records.losses.size(), 3U * 3U);  // 12 batches an epoch: numbers 0, 1 and 2
    EXPECT_EQ(records.epochs.size(), 3U);
    EXPECT_TRUE(std::isfinite(records.last("valid_loss")));
}

// --- Callbacks that follow a value
// -------------------------------------------------------------------------------------

TEST(Callbacks, the_best_model_is_back_after_early_stopping) {
    const TemporaryFolder folder;
    auto learn = small_learner(regression_data(8), {.metrics = {rmse()}});
    const auto save = std::make_shared<SaveModel>(SaveModelOptions{.path = folder.path() / "best.safetensors"});
    const auto stop = std::make_shared<EarlyStopping>(EarlyStoppingOptions{.patience = 2});
    const auto& records = learn.fit(300, 0.2, {.callbacks = {save, stop}});
    ASSERT_LT(records.epochs.size(), 300U);
    EXPECT_THAT(learn.stop_reason(), HasSubstr("valid_loss did not improve for 2 epochs; best"));
    double best = records.epochs[0].valid_loss;
    for (const auto& row : records.epochs) best = std::min(best, row.valid_loss);
    EXPECT_EQ(learn.validate().loss, best);
    EXPECT_EQ(save->best_epoch(), static_cast<int64_t>(records.epochs.size()) - 3);

    auto other = small_learner(regression_data(8));
    other.load(folder.path() / "best.safetensors");
    EXPECT_TRUE(weights(other).equal(weights(learn)));
    EXPECT_TRUE(other.optimizer().state().empty());
}

TEST(Callbacks, the_rate_falls_on_a_plateau_and_not_where_it_is_scheduled) {
    auto learn = small_learner(regression_data(8));
    const auto reduce = std::make_shared<ReduceLROnPlateau>(ReduceLROnPlateauOptions{.min_delta = 1e9});
    const auto& lr = learn.fit(3, 0.01, {.callbacks = {reduce}}).hypers.at("lr");
    EXPECT_EQ(lr[0], 0.01);
    EXPECT_EQ(lr[6 + 5], 0.01);  // the second epoch is the first that does not improve
    EXPECT_EQ(lr[12], 0.01 / 10);
    EXPECT_THAT(message_of<UsageError>([&] { learn.fit_one_cycle(1, 0.01, {.callbacks = {reduce}}); }),
                HasSubstr("a schedule sets the learning rate"));
    learn.fit(1, 0.01, {.callbacks = {reduce}});
}

TEST(Callbacks, lr_find_leaves_out_what_judges_epochs_or_writes_files) {
    const TemporaryFolder folder;
    const auto found = [&](Callbacks callbacks) {
        auto learn = small_learner(regression_data(8), {.callbacks = std::move(callbacks)});
        return learn.lr_find({.stop_div = false, .show = false}).losses.size();
    };
    const auto history = folder.write("history.csv", "kept");
    EXPECT_EQ(found({std::make_shared<EarlyStopping>(), std::make_shared<ReduceLROnPlateau>(),
                     std::make_shared<SaveModel>(SaveModelOptions{.path = folder.path() / "x", .at_end = true}),
                     std::make_shared<ShortEpoch>(), std::make_shared<CSVLogger>(CSVLoggerOptions{.path = history})}),
              found({}));
    EXPECT_EQ(read_file(history), "kept");
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "x"));
}

/// A fit whose second epoch is a bad one, after which the weights of the first are put back, and one more at nearly no
/// rate: how far the weights are from the first epoch's.
double moved_after_restoring(const std::function<std::shared_ptr<Callback>(const std::filesystem::path&)>& make) {
    const TemporaryFolder folder;
    auto learn = small_learner(regression_data(8), {.optimizer = lookahead(sgd({.momentum = 0}), {.k = 6})});
    at::Tensor best;
    const auto worsen = std::make_shared<At<&Callback::before_batch>>([&](TrainingState& state) {
        if (state.training && state.epoch == 0 && state.iteration == 0) state.optimizer->set_hyper("lr", 0.01);
        if (state.training && state.epoch == 1) state.optimizer->set_hyper("lr", 3.0);
        if (!state.training && state.epoch == 0) best = weights(learn);
    });
    learn.fit(2, 0.01, {.callbacks = {worsen, make(folder.path())}});
    EXPECT_TRUE(weights(learn).equal(best));
    learn.fit(2, 1e-12);
    return (weights(learn) - best).abs().max().item<double>();
}

TEST(Callbacks, the_best_weights_stay_under_an_optimizer_that_keeps_slow_ones) {
    EXPECT_LE(moved_after_restoring([](const auto&) { return early_stopping({.patience = 5, .restore_best = true}); }),
              1e-6);
    EXPECT_LE(moved_after_restoring([](const auto& folder) { return save_model({.path = folder / "best"}); }), 1e-6);
}

// --- Books ----------------------------------------------------------------------------------------------------------

TEST(Callbacks, the_log_holds_what_was_recorded) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "history.csv";
    auto learn = small_learner(regression_data(8), {.metrics = {mae()}});
    const auto& records =
        learn.fit(3, 0.01, {.callbacks = {std::make_shared<CSVLogger>(CSVLoggerOptions{.path = path})}});
    const Table table = read_csv(path);
    EXPECT_EQ(table.rows(), 3);
    for (int64_t i = 0; i < 3; ++i) {
        const EpochRow& row = records.epochs[static_cast<size_t>(i)];
        EXPECT_EQ(table.numbers("epoch")[i].item<double>(), static_cast<double>(row.epoch));
        EXPECT_EQ(table.numbers("train_loss")[i].item<double>(), row.train_loss);
        EXPECT_EQ(table.numbers("valid_loss")[i].item<double>(), row.valid_loss);
        EXPECT_EQ(table.numbers("mae")[i].item<double>(), row.metrics[0]);
        EXPECT_EQ(table.numbers("time")[i].item<double>(), row.train_seconds + row.valid_seconds);
    }
}

TEST(Callbacks, the_timer_counts_every_batch_of_a_fit) {
    const EventTimer timer;
    auto learn = small_learner(regression_data(8));
    learn.fit(2, 0.01, {.callbacks = timer.callbacks()});
    std::map<std::string, int64_t> counts;
    for (const auto& timing : timer.timings()) {
        if (timing.event.empty()) counts[timing.part + " " + timing.stage] = timing.count;
    }
    for (const char* stage : {"data loading", "forward", "loss", "backward", "step", "zero_grad"}) {
        EXPECT_EQ(counts.at(std::string("training ") + stage), 12) << stage;
    }
    EXPECT_EQ(counts.at("validation forward"), 2);
    EXPECT_GT(timer.seconds(), 0);
}

}  // namespace callbacks_test
}  // namespace embark
