#include <embark/callbacks/checkpoint/checkpoint_options.h>
#include <embark/callbacks/gradient_accumulation.h>
#include <embark/callbacks/mixed_precision.h>
#include <embark/callbacks/terminate_on_nan.h>
#include <embark/callbacks/training_state.h>
#include <embark/learners/collab_recipe.h>
#include <embark/learners/insight/baseline.h>
#include <embark/learners/tabular_recipe.h>

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/safetensors.h>
#include <embark/optim/optimizers.h>

#include "test_files.h"

namespace embark {
namespace failed_fit_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::message_of;
using testing::TemporaryFolder;

/// 48 rows of a line for training and 16 for validation.
DataLoaders line_data(int64_t batch_size = 8) {
    torch::manual_seed(7);
    const auto x = torch::randn({64, 3});
    const auto y = x.matmul(torch::tensor({{1.0f}, {-2.0f}, {0.5f}}));
    return DataLoaders::from_tensors({.inputs = {x.narrow(0, 0, 48)}, .targets = {y.narrow(0, 0, 48)}},
                                     {.inputs = {x.narrow(0, 48, 16)}, .targets = {y.narrow(0, 48, 16)}},
                                     {.batch_size = batch_size, .shuffle = false, .drop_last = false});
}

Learner line_learner(Loss loss = mse_loss_flat(), OptimizerFactory optimizer = adam()) {
    torch::manual_seed(3);
    return Learner(line_data(), torch::nn::Sequential(torch::nn::Linear(3, 1)),
                   {.loss = std::move(loss), .optimizer = std::move(optimizer), .progress = false});
}

/// Spoils the targets of training batch `batch`, counted from the fit's beginning.
struct Spoil : Callback {
    explicit Spoil(int64_t number) : batch(number) {}
    void before_batch(TrainingState& state) override {
        if (state.training && state.train_iter == batch) state.batch.targets[0] = state.batch.targets[0] * NAN;
    }
    bool needs_autograd() const override { return true; }
    int64_t batch;
};

/// Leaves a batch whose loss is no number, as a callback of a user's own may.
struct SkipNaN : Callback {
    void after_loss(TrainingState& state) override {
        if (state.training && !std::isfinite(state.loss.item<double>())) state.cancel(Level::batch);
    }
    bool needs_autograd() const override { return true; }
};

TEST(FailedFit, a_loss_that_is_no_number_is_an_error_that_names_epoch_and_batch) {
    Learner learn = line_learner();
    EXPECT_THAT(message_of<Error>([&] { learn.fit(3, 0.01, {.callbacks = {std::make_shared<Spoil>(8)}}); }),
                HasSubstr("Training failed: the loss is nan, in epoch 1 at batch 2"));
}

TEST(FailedFit, weights_that_are_not_finite_are_an_error_at_the_epochs_end) {
    // The root of 0 is a number, its slope is not.
    const Loss loss("steep", [](const at::Tensor& p, const at::Tensor& y) {
        return at::mse_loss(p.nan_to_num(), y) + (p.nan_to_num() * 0).abs().sqrt().mean();
    });
    Learner learn = line_learner(loss);
    EXPECT_THAT(message_of<Error>([&] { learn.fit(1, 0.01); }),
                AllOf(HasSubstr("the weights '0.weight' are not finite"), HasSubstr("in epoch 0")));
}

TEST(FailedFit, what_ends_a_fit_before_or_skips_the_step_is_let_alone) {
    Learner stopped = line_learner();
    stopped.fit(2, 0.01, {.callbacks = {std::make_shared<Spoil>(3), terminate_on_nan()}});
    EXPECT_EQ(stopped.stop_reason(), "the loss is nan, in epoch 0 at batch 3");
    Learner skipping = line_learner();
    skipping.fit(2, 0.01, {.callbacks = {std::make_shared<Spoil>(3), std::make_shared<SkipNaN>()}});
    EXPECT_TRUE(std::isfinite(skipping.validate().loss));
    Learner scaled = line_learner();
    scaled.fit(2, 0.01, {.callbacks = {std::make_shared<Spoil>(3), mixed_precision()}});
    EXPECT_TRUE(std::isfinite(scaled.validate().loss));
}

TEST(FailedFit, a_loss_whose_gradients_are_kept_for_a_later_step_is_an_error) {
    Learner learn = line_learner();
    EXPECT_THAT(message_of<Error>([&] {
                    learn.fit(2, 0.01, {.callbacks = {std::make_shared<Spoil>(0), gradient_accumulation({.n_acc = 16})}});
                }),
                HasSubstr("in epoch 0 at batch 0"));
}

TEST(FailedFit, the_finder_goes_on_until_the_loss_diverges) {
    Learner learn = line_learner(mse_loss_flat(), sgd());
    const LrFind found = learn.lr_find({.start_lr = 1e-3, .end_lr = 1e30, .num_it = 60, .stop_div = false, .show = false});
    EXPECT_FALSE(std::isfinite(found.losses.back()));
    learn.fit(1, 0.01);
    EXPECT_THAT(message_of<Error>([&] { learn.fit(9, 1e30); }), HasSubstr("Training failed"));
}

TEST(FailedFit, the_last_checkpoint_that_is_finite_stays) {
    const TemporaryFolder folder;
    Learner learn = line_learner();
    const FitOptions options = {.callbacks = {std::make_shared<Spoil>(9)},
                                .checkpoint = {.dir = folder.path(), .every = 1}};
    EXPECT_THROW(learn.fit(3, 0.01, options), Error);
    const TensorFile saved = load_safetensors(checkpoint_path(folder.path()), Checksum::required);
    EXPECT_TRUE(saved.tensors.at("model.0.weight").isfinite().all().item<bool>());
    EXPECT_EQ(saved.tensors.at("fit.position.train_iter").item<int64_t>(), 9);
}

/// 60 rows of a number and what `target` makes of it.
Table numbers(const std::function<double(double)>& target) {
    const at::Tensor x = torch::arange(60, at::kDouble);
    std::vector<double> y;
    for (int i = 0; i < 60; ++i) y.push_back(target(i));
    return Table::of_rows(60).with_column("x", x).with_column("y", torch::tensor(y, at::kDouble));
}

std::vector<std::string> codes(const std::vector<Warning>& warnings) {
    std::vector<std::string> all;
    for (const Warning& warning : warnings) all.push_back(warning.code);
    return all;
}

TEST(Recipe, the_default_one_learns_values_of_any_size_and_fastais_says_that_it_did_not) {
    for (const char* name : {"default", "fastai"}) {
        TabularRecipe recipe = recipe_of(name, 60);
        recipe.data.y_names = {"y"};
        recipe.learner.progress = false;
        set_seed(1);
        auto learn = tabular_learner(
            TabularDataLoaders::from_table(numbers([](double x) { return 3e5 + 1000 * x + 0.5; }), recipe.data),
            recipe.model, recipe.learner);
        fit_recipe(learn, recipe);
        const bool is_default = std::string(name) == "default";
        EXPECT_THAT(codes(baseline_warnings(learn)),
                    is_default ? IsEmpty() : ::testing::Matcher<std::vector<std::string>>(ElementsAre("worse_than_baseline")));
    }
}

TEST(Recipe, the_default_one_of_ratings_has_their_range_and_begins_at_their_mean) {
    std::vector<std::string> users, items, values;
    for (int i = 0; i < 300; ++i) {
        users.push_back("u" + std::to_string(i % 20));
        items.push_back("i" + std::to_string(i * 7 % 31));
        values.push_back(std::to_string(-7 + (i % 3 == 0 ? 4 : i % 2)));
    }
    const auto dls =
        CollabDataLoaders::from_table(Table::from_text({{"user", users}, {"item", items}, {"rating", values}}));
    CollabRecipe recipe = default_collab_recipe(dls);
    recipe.learner.progress = false;
    EXPECT_EQ(recipe.model.y_range.low, -7.5);
    EXPECT_EQ(recipe.model.y_range.high, -2.5);
    auto learn = collab_learner(dls, recipe.model, recipe.learner);
    const double mean = dls.train().data().targets[0].mean().item<double>();
    EXPECT_NEAR(learn.predict("u1", "i7"), mean, 0.1);
    EXPECT_THAT(learn.warnings(), IsEmpty());
    const auto outside = collab_learner(dls, {.y_range = {0, 5.5}}, {.progress = false});
    ASSERT_THAT(codes(outside.warnings()), ElementsAre("ratings_outside_range"));
    EXPECT_THAT(outside.warnings()[0].message, HasSubstr("from -7 to -3"));
    EXPECT_THAT(codes(baseline_warnings(dls, 7.5)), ElementsAre("worse_than_baseline"));
    EXPECT_THAT(baseline_warnings(dls, 0.5), IsEmpty());
}

}  // namespace failed_fit_test
}  // namespace embark
