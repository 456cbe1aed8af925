#include <embark/callbacks/mixed_precision.h>

#include <limits>

#include <ATen/autocast_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>
#include <embark/core/state_dict.h>

#include "hand_made_fit.h"
#include "test_files.h"

namespace embark {
namespace mixed_precision_test {

using testing::group_with_gradients;
using testing::HandMadeFit;
using ::testing::HasSubstr;
using testing::message_of;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

at::Tensor& gradient(HandMadeFit& fit) {
    return fit.optimizer->groups()[0].parameters[0].tensor.mutable_grad();
}

/// One training step whose scaled gradient is `value`; whether the optimizer's step was skipped.
bool skips(MixedPrecision& callback, HandMadeFit& fit, double value) {
    fit.state.loss = torch::ones({});
    callback.before_backward(fit.state);
    gradient(fit).fill_(value);
    return fit.leaves(Level::step, [&] { callback.before_step(fit.state); });
}

TEST(MixedPrecision, scales_the_loss_and_unscales_the_gradients) {
    HandMadeFit fit({group_with_gradients({torch::zeros({3})})});
    MixedPrecision callback({.init_scale = 1024});
    callback.before_fit(fit.state);
    fit.state.loss = torch::tensor(0.5);
    callback.before_backward(fit.state);
    EXPECT_EQ(fit.state.loss_scale, 1024);
    EXPECT_EQ(fit.state.loss.item<double>(), 0.5);
    EXPECT_EQ(fit.state.step.grad_scale, 1024);
    EXPECT_FALSE(skips(callback, fit, 2048));
    EXPECT_TRUE(gradient(fit).equal(torch::full({3}, 2.0)));
    EXPECT_EQ(fit.state.step.grad_scale, 1);
}

TEST(MixedPrecision, unscales_where_the_gradients_are_wherever_the_loss_is) {
    HandMadeFit fit({group_with_gradients({torch::zeros({3})})});
    MixedPrecision callback({.init_scale = 1024});
    callback.before_fit(fit.state);
    fit.state.loss = at::empty({}, at::TensorOptions(at::kFloat).device(at::kMeta));  // another device
    callback.before_backward(fit.state);
    gradient(fit).fill_(2048);
    EXPECT_FALSE(fit.leaves(Level::step, [&] { callback.before_step(fit.state); }));
    EXPECT_TRUE(gradient(fit).equal(torch::full({3}, 2.0)));
}

TEST(MixedPrecision, an_overflow_skips_the_step_and_lowers_the_scale) {
    HandMadeFit fit({group_with_gradients({torch::zeros({3})})});
    MixedPrecision callback;
    callback.before_fit(fit.state);
    EXPECT_EQ(callback.scale(), 65536);
    EXPECT_TRUE(skips(callback, fit, kInfinity));
    EXPECT_EQ(callback.scale(), 32768);
    EXPECT_TRUE(skips(callback, fit, std::numeric_limits<double>::quiet_NaN()));
    EXPECT_EQ(callback.scale(), 16384);
    EXPECT_FALSE(skips(callback, fit, 1));
    EXPECT_EQ(callback.scale(), 16384);
    EXPECT_EQ(callback.skipped_steps(), 2);
}

TEST(MixedPrecision, the_scale_grows_after_enough_steps_without_an_overflow) {
    HandMadeFit fit({group_with_gradients({torch::zeros({3})})});
    MixedPrecision callback({.init_scale = 8, .growth_factor = 4, .growth_interval = 3});
    callback.before_fit(fit.state);
    const auto scale_after = [&](double value) {
        skips(callback, fit, value);
        return callback.scale();
    };
    for (const double expected : {8, 8, 32, 32}) EXPECT_EQ(scale_after(1), expected);
    EXPECT_EQ(scale_after(kInfinity), 16);  // and the count begins anew
    for (const double expected : {16, 16, 64}) EXPECT_EQ(scale_after(1), expected);
}

TEST(MixedPrecision, gradients_that_are_being_accumulated_stay_scaled) {
    HandMadeFit fit({group_with_gradients({torch::zeros({3})})});
    MixedPrecision callback;
    callback.before_fit(fit.state);
    fit.state.loss = torch::ones({});
    callback.before_backward(fit.state);
    gradient(fit).fill_(3);
    fit.leaves(Level::step, [&] {
        fit.state.cancel(Level::step);
        callback.before_step(fit.state);
    });
    EXPECT_TRUE(gradient(fit).equal(torch::full({3}, 3.0)));
    EXPECT_EQ(fit.state.step.grad_scale, 65536);
}

TEST(MixedPrecision, goes_on_from_what_it_saved) {
    HandMadeFit fit({group_with_gradients({torch::zeros({3})})});
    const MixedPrecisionOptions options{.init_scale = 8, .growth_interval = 3};
    MixedPrecision before(options), after(options);
    before.before_fit(fit.state);
    for (const double value : {kInfinity, 1.0, 1.0}) skips(before, fit, value);
    StateDict saved;
    before.save_state(saved, fit.state);
    after.before_fit(fit.state);
    after.load_state(saved, fit.state);
    EXPECT_EQ(after.scale(), 4);
    EXPECT_EQ(after.skipped_steps(), 1);
    skips(after, fit, 1);
    EXPECT_EQ(after.scale(), 8);
}

TEST(MixedPrecision, bf16_needs_no_scaler) {
    HandMadeFit fit({group_with_gradients({torch::zeros({3})})});
    MixedPrecision callback({.amp_mode = AmpMode::bf16});
    callback.before_fit(fit.state);
    EXPECT_FALSE(skips(callback, fit, kInfinity));
    EXPECT_EQ(callback.scale(), 1);
    EXPECT_EQ(fit.state.loss_scale, 1);
}

TEST(MixedPrecision, autocast_is_on_within_the_batch_and_then_as_it_was) {
    for (const auto mode : {AmpMode::bf16, AmpMode::fp16}) {
        const auto type = mode == AmpMode::bf16 ? at::kBFloat16 : at::kHalf;
        const auto x = torch::randn({4, 3}), weight = torch::randn({2, 3}).requires_grad_();
        HandMadeFit fit;
        fit.state.batch = {.inputs = {x}, .targets = {}};
        MixedPrecision callback({.amp_mode = mode});
        callback.before_fit(fit.state);
        for (const Event end : {&Callback::after_loss, &Callback::after_batch, &Callback::after_cancel_batch,
                                &Callback::after_cancel_train, &Callback::after_cancel_validate,
                                &Callback::after_cancel_epoch, &Callback::after_cancel_fit, &Callback::cleanup_fit}) {
            callback.before_batch(fit.state);
            fit.state.predictions = {torch::linear(x, weight), x.to(at::kDouble), torch::ones({2}, at::kLong)};
            EXPECT_EQ(fit.state.predictions[0].scalar_type(), type);
            callback.after_pred(fit.state);
            EXPECT_EQ(fit.state.predictions[0].scalar_type(), at::kFloat);
            EXPECT_EQ(fit.state.predictions[1].scalar_type(), at::kDouble);
            EXPECT_EQ(fit.state.predictions[2].scalar_type(), at::kLong);
            (callback.*end)(fit.state);
            EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
            EXPECT_EQ(torch::linear(x, weight).scalar_type(), at::kFloat);
        }
    }
}

TEST(MixedPrecision, an_autocast_of_the_callers_own_comes_back_without_old_copies_of_weights) {
    const auto x = torch::ones({1, 1});
    auto weight = torch::ones({1, 1}).requires_grad_();
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kHalf);
    at::autocast::increment_nesting();
    {
        HandMadeFit fit;
        fit.state.batch = {.inputs = {x}, .targets = {}};
        MixedPrecision callback({.amp_mode = AmpMode::bf16});
        callback.before_batch(fit.state);
        EXPECT_EQ(torch::linear(x, weight).item<double>(), 1);
        callback.after_loss(fit.state);
        EXPECT_TRUE(at::autocast::is_autocast_enabled(at::kCPU));
        EXPECT_EQ(at::autocast::get_autocast_dtype(at::kCPU), at::kHalf);
        weight.data().fill_(2);
        callback.before_batch(fit.state);
        EXPECT_EQ(torch::linear(x, weight).item<double>(), 2);
    }  // and a callback that goes leaves nothing behind
    EXPECT_EQ(at::autocast::get_autocast_dtype(at::kCPU), at::kHalf);
    at::autocast::decrement_nesting();
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
}

TEST(MixedPrecision, refuses_bad_settings) {
    EXPECT_THAT(message_of<UsageError>([] { MixedPrecision({.init_scale = 0}); }), HasSubstr("Invalid init_scale 0"));
    EXPECT_THAT(message_of<UsageError>([] { MixedPrecision({.growth_factor = 1}); }),
                HasSubstr("Invalid growth_factor 1"));
    EXPECT_THAT(message_of<UsageError>([] { MixedPrecision({.backoff_factor = 1}); }),
                HasSubstr("Invalid backoff_factor 1"));
    EXPECT_THAT(message_of<UsageError>([] { MixedPrecision({.growth_interval = 0}); }),
                HasSubstr("Invalid growth_interval 0"));
}

}  // namespace mixed_precision_test
}  // namespace embark
