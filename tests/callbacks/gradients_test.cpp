#include <embark/callbacks/gradient_accumulation.h>
#include <embark/callbacks/gradient_clip.h>
#include <embark/callbacks/terminate_on_nan.h>

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>
#include <embark/core/state_dict.h>

#include "baselines.h"
#include "hand_made_fit.h"
#include "test_files.h"

namespace embark {
namespace gradients_test {

using testing::group_with_gradients;
using testing::HandMadeFit;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::message_of;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

at::Tensor gradient(const HandMadeFit& fit, size_t i) {
    return fit.optimizer->groups()[0].parameters[i].tensor.grad();
}

/// Why TerminateOnNaN ended a fit with these gradients.
std::string reason(const std::vector<at::Tensor>& gradients, double grad_scale = 1) {
    HandMadeFit fit({group_with_gradients(gradients)});
    fit.state.epoch = 2;
    fit.state.iteration = 7;
    fit.state.step.grad_scale = grad_scale;
    TerminateOnNaN().before_step(fit.state);
    return fit.state.stop_reason();
}

TEST(TerminateOnNaN, names_the_parameter_whose_gradient_is_not_finite) {
    const auto sound = torch::randn({33, 5});
    EXPECT_EQ(reason({sound, sound.to(at::kDouble), sound.to(at::kBFloat16), sound.t()}), "");
    for (const auto type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) {
        for (const double value : {kNan, kInfinity, -kInfinity}) {
            // At the begin, in the vectorised middle, and in the rest.
            for (const int64_t at : {0, 70, 164}) {
                auto broken = sound.to(type).clone();
                broken.reshape(-1)[at] = value;
                EXPECT_EQ(reason({sound, broken}), "the gradient of p1 is not finite, in epoch 2 at batch 7")
                    << type << " " << value << " " << at;
            }
        }
    }
}

TEST(TerminateOnNaN, looks_at_large_numbers_and_at_views_alike) {
    const auto largest = torch::full({100}, std::numeric_limits<float>::max());
    EXPECT_EQ(reason({largest, -largest, torch::zeros({0})}), "");
    auto broken = torch::zeros({6, 4});
    broken[3][1] = kNan;
    EXPECT_THAT(reason({broken.t()}), HasSubstr("p0"));
    EXPECT_EQ(reason({broken.slice(1, 2, 4)}), "");
    EXPECT_THAT(reason({broken.slice(1, 0, 2)}), HasSubstr("p0"));
}

TEST(TerminateOnNaN, leaves_an_overflow_to_the_scaler_as_long_as_it_scales_up) {
    const auto broken = torch::full({3}, kInfinity);
    EXPECT_EQ(reason({broken}, 65536), "");
    EXPECT_THAT(reason({broken}, 1), HasSubstr("not finite"));
    EXPECT_THAT(reason({broken}, 0.5), HasSubstr("not finite"));
}

TEST(TerminateOnNaN, ends_the_fit_at_a_loss_that_is_not_finite) {
    const auto reason_at = [](double loss, bool training) {
        HandMadeFit fit;
        fit.state.epoch = 1;
        fit.state.iteration = 3;
        fit.state.training = training;
        fit.state.loss = torch::tensor(loss);
        TerminateOnNaN().after_loss(fit.state);
        return fit.state.stop_reason();
    };
    EXPECT_EQ(reason_at(0.5, true), "");
    EXPECT_EQ(reason_at(kNan, true), "the loss is nan, in epoch 1 at batch 3");
    EXPECT_EQ(reason_at(-kInfinity, false), "the loss is -inf, in epoch 1 at validation batch 3");
}

TEST(GradientClip, scales_to_the_total_norm_as_libtorch_does) {
    torch::manual_seed(1);
    const std::vector<at::Tensor> gradients = {torch::randn({7, 3}), torch::randn({50}), torch::randn({2, 2, 2})};
    for (const double norm_type : {2.0, 1.0, 3.0, kInfinity}) {
        for (const double max_norm : {0.1, 1.0, 1e3}) {
            HandMadeFit fit({group_with_gradients(gradients)}), expected({group_with_gradients(gradients)});
            std::vector<at::Tensor> parameters;
            for (const auto& parameter : expected.optimizer->groups()[0].parameters) {
                parameters.push_back(parameter.tensor);
            }
            torch::nn::utils::clip_grad_norm_(parameters, max_norm, norm_type);
            fit.leaves(Level::step,
                       [&] { GradientClip({.max_norm = max_norm, .norm_type = norm_type}).before_step(fit.state); });
            for (size_t i = 0; i < gradients.size(); ++i) {
                EXPECT_LE(largest_difference(gradient(fit, i), gradient(expected, i)), 1e-7)
                    << norm_type << " " << max_norm;
            }
        }
    }
}

TEST(GradientClip, gradients_within_the_norm_stay_to_the_bit) {
    const auto small = torch::randn({100}) * 1e-3;
    HandMadeFit fit({group_with_gradients({small})});
    GradientClip().before_step(fit.state);
    EXPECT_TRUE(gradient(fit, 0).equal(small));
}

TEST(GradientClip, clips_values_where_asked) {
    const auto values = torch::randn({100});
    HandMadeFit fit({group_with_gradients({values, values.to(at::kDouble)})});
    GradientClip({.clip_value = 0.5}).before_step(fit.state);
    EXPECT_TRUE(gradient(fit, 0).equal(values.clamp(-0.5, 0.5)));
    EXPECT_TRUE(gradient(fit, 1).equal(values.to(at::kDouble).clamp(-0.5, 0.5)));
}

TEST(GradientClip, leaves_gradients_alone_that_no_step_takes) {
    const auto values = torch::full({4}, 10.0);
    HandMadeFit fit({group_with_gradients({values})});
    fit.leaves(Level::step, [&] {
        fit.state.cancel(Level::step);
        GradientClip().before_step(fit.state);
    });
    EXPECT_TRUE(gradient(fit, 0).equal(values));
    HandMadeFit none;
    GradientClip().before_step(none.state);
}

TEST(GradientClip, refuses_bad_settings) {
    EXPECT_THAT(message_of<UsageError>([] { GradientClip({.max_norm = 0}); }), HasSubstr("Invalid max_norm 0"));
    EXPECT_THAT(message_of<UsageError>([] { GradientClip({.norm_type = -2}); }), HasSubstr("Invalid norm_type -2"));
    EXPECT_THAT(message_of<UsageError>([] { GradientClip({.clip_value = 0}); }), HasSubstr("Invalid clip_value 0"));
    EXPECT_THAT(message_of<UsageError>([] { GradientClip({.max_norm = kNan}); }), HasSubstr("Invalid max_norm nan"));
}

/// Whether each of some batches of these sizes was followed by a step.
std::string steps(GradientAccumulation& callback, HandMadeFit& fit, const std::vector<int64_t>& sizes) {
    std::string seen;
    for (const int64_t size : sizes) {
        fit.state.batch = {.inputs = {torch::zeros({size, 1})}, .targets = {}};
        callback.before_backward(fit.state);
        seen += fit.leaves(Level::batch, [&] { callback.before_step(fit.state); }) ? '-' : 's';
    }
    return seen;
}

TEST(GradientAccumulation, steps_once_enough_samples_were_seen) {
    HandMadeFit fit({group_with_gradients({torch::ones({2})})});
    GradientAccumulation callback({.n_acc = 32});
    callback.before_fit(fit.state);
    EXPECT_EQ(steps(callback, fit, {8, 8, 8, 8, 8, 31, 1, 64, 8}), "---s-s-s-");
    callback.before_fit(fit.state);
    EXPECT_EQ(steps(callback, fit, {31, 1}), "-s");
}

TEST(GradientAccumulation, scales_what_the_backward_pass_starts_from_and_not_the_recorded_loss) {
    HandMadeFit fit;
    GradientAccumulation callback({.n_acc = 32});
    fit.state.batch = {.inputs = {torch::zeros({8, 1})}, .targets = {}};
    fit.state.loss = torch::tensor(3.0);
    callback.before_backward(fit.state);
    EXPECT_EQ(fit.state.loss_scale, 0.25);
    EXPECT_EQ(fit.state.loss.item<double>(), 3);
}

TEST(GradientAccumulation, goes_on_from_what_it_saved) {
    HandMadeFit fit;
    GradientAccumulation before({.n_acc = 32}), after({.n_acc = 32});
    before.before_fit(fit.state);
    EXPECT_EQ(steps(before, fit, {16, 8}), "--");
    StateDict saved;
    before.save_state(saved, fit.state);
    after.before_fit(fit.state);
    after.load_state(saved, fit.state);
    EXPECT_EQ(steps(after, fit, {8, 31}), "s-");
}

TEST(GradientAccumulation, refuses_bad_settings) {
    EXPECT_THAT(message_of<UsageError>([] { GradientAccumulation({.n_acc = 0}); }), HasSubstr("Invalid n_acc 0"));
}

}  // namespace gradients_test
}  // namespace embark
