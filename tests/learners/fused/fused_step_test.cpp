#include <cmath>
#include <functional>
#include <limits>

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/gradient_accumulation.h>
#include <embark/callbacks/gradient_clip.h>
#include <embark/callbacks/terminate_on_nan.h>
#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/learners/learner.h>
#include <embark/modules/dot_product.h>
#include <embark/optim/model_state.h>
#include <embark/optim/optimizers.h>

#include "../event_recorder.h"
#include "test_files.h"

namespace embark {
namespace fused_step_test {

using ::testing::HasSubstr;
using testing::message_of;

constexpr int64_t kUsers = 40, kItems = 60;

/// 400 ratings, so that the last batch of an epoch is short; item 59 and user 0, `#na#`, have none.
TensorDataset ratings(bool weighted = false) {
    set_seed(3);
    const auto users = torch::randint(1, kUsers, {400}, at::kLong),
               items = torch::randint(0, kItems - 1, {400}, at::kLong);
    TensorDataset data{.inputs = {torch::stack({users, items}, 1)},
                       .targets = {(1 + (users * items) % 5).to(at::kFloat).reshape({400, 1})}};
    if (weighted) data.weights = torch::rand({400});
    return data;
}

DataLoaders loaders(bool weighted = false) {
    return {DataLoader(ratings(weighted), {.batch_size = 64, .shuffle = true}), DataLoader(ratings(), {})};
}

/// Says whether any training step went through autograd, without asking for it.
struct GradientWatch : Callback {
    void before_step(TrainingState& state) override { seen |= state.step.row_gradients.empty(); }
    bool seen = false;
};

/// Says that it reads gradients, and does.
struct GradientReader : Callback {
    bool needs_autograd() const override { return true; }
    void before_step(TrainingState& state) override {
        for (const auto& parameter : state.model->parameters()) norm += parameter.grad().norm().item<double>();
    }
    double norm = 0;
};

struct Case {
    std::string name;
    bool bias = true;
    Range y_range = {};
    int64_t width = 50;
    OptimizerFactory optimizer = adam();
    EmbeddingUpdate update = EmbeddingUpdate::dense;
};

struct Fit {
    Learner learn;
    std::shared_ptr<GradientWatch> watch;
};

Fit fit_of(const Case& of, bool fused, std::vector<std::shared_ptr<Callback>> callbacks = {}, bool weighted = false) {
    set_seed(11);
    const DotProductOptions sizes{kUsers, kItems, of.width, of.y_range};
    const auto watch = std::make_shared<GradientWatch>();
    callbacks.push_back(watch);
    LearnerOptions options{.loss = mse_loss_flat(),
                           .optimizer = of.optimizer,
                           .callbacks = std::move(callbacks),
                           .progress = false,
                           .fused_step = fused,
                           .embedding_update = of.update};
    const auto dls = loaders(weighted);
    if (of.bias) return {Learner(dls, DotProductBias(sizes), options), watch};
    return {Learner(dls, DotProduct(sizes), options), watch};
}

std::map<std::string, at::Tensor> tensors_of(Learner& learn) {
    return ModelState(learn.model().module(), learn.optimizer()).content().tensors;
}

void expect_near(Learner& found, Learner& expected, double tolerance) {
    const auto tensors = tensors_of(found);
    for (const auto& [name, tensor] : tensors_of(expected)) {
        ASSERT_TRUE(tensors.contains(name)) << name;
        EXPECT_LE((tensors.at(name) - tensor).abs().max().item<double>(), tolerance) << name;
    }
    const auto &losses = found.records().losses, &others = expected.records().losses;
    ASSERT_EQ(losses.size(), others.size());
    for (size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(losses[i], others[i], 1e-5 * others[i]) << "batch " << i;
}

std::vector<Case> cases() {
    const auto lazy = EmbeddingUpdate::lazy;
    return {{.name = "bias and range", .y_range = {0, 5.5}},
            {.name = "bias"},
            {.name = "range", .bias = false, .y_range = {0, 5.5}},
            {.name = "neither", .bias = false},
            {.name = "narrow", .y_range = {0, 5.5}, .width = 3},
            {.name = "one factor", .width = 1},
            {.name = "lazy adam", .y_range = {0, 5.5}, .update = lazy},
            {.name = "lazy adam, L2", .optimizer = adam({.decouple_wd = false}), .update = lazy},
            {.name = "lazy adagrad", .y_range = {0, 5.5}, .optimizer = adagrad(), .update = lazy},
            {.name = "lazy adagrad, L2", .optimizer = adagrad({.decouple_wd = false}), .update = lazy},
            {.name = "lazy sgd", .optimizer = sgd(), .update = lazy},
            {.name = "lazy sgd with momentum", .optimizer = sgd({.momentum = 0.9}), .update = lazy},
            {.name = "lazy sgd, L2", .optimizer = sgd({.momentum = 0.9, .decouple_wd = false}), .update = lazy}};
}

TEST(FusedStep, computes_what_autograd_does) {
    for (const auto& each : cases()) {
        SCOPED_TRACE(each.name);
        auto fused = fit_of(each, true), autograd = fit_of(each, false);
        for (auto* fit : {&fused, &autograd}) fit->learn.fit_one_cycle(4, 0.02, {.weight_decay = 0.1});
        EXPECT_FALSE(fused.watch->seen);
        EXPECT_TRUE(autograd.watch->seen);
        expect_near(fused.learn, autograd.learn, 1e-5);
    }
}

TEST(FusedStep, untouched_rows_decay_and_go_on_unless_updates_are_lazy) {
    for (const auto update : {EmbeddingUpdate::dense, EmbeddingUpdate::lazy}) {
        auto fit = fit_of({.name = "", .update = update}, true);
        const auto before = fit.learn.model().module().named_parameters()["user_factors.weight"][0].detach().clone();
        fit.learn.fit(1, 0.01, {.weight_decay = 0.1});
        const auto after = fit.learn.model().module().named_parameters()["user_factors.weight"][0];
        const double shrinks = update == EmbeddingUpdate::lazy ? 1 : std::pow(1 - 0.01 * 0.1, 7);
        EXPECT_LT((after - before * shrinks).abs().max().item<double>(), 1e-7);
    }
}

TEST(FusedStep, takes_turns_with_autograd) {
    auto mixed = fit_of({.name = "", .y_range = {0, 5.5}}, true),
         autograd = fit_of({.name = "", .y_range = {0, 5.5}}, false);
    mixed.learn.fit(1, 0.01);
    EXPECT_FALSE(mixed.watch->seen);
    mixed.learn.fit(1, 0.01, {.callbacks = {std::make_shared<GradientReader>()}});
    EXPECT_TRUE(mixed.watch->seen);
    mixed.learn.fit(1, 0.01);
    for (int i = 0; i < 3; ++i) autograd.learn.fit(1, 0.01);
    const auto expected = tensors_of(autograd.learn);
    for (const auto& [name, tensor] : tensors_of(mixed.learn)) {
        EXPECT_LE((tensor - expected.at(name)).abs().max().item<double>(), 1e-5) << name;
    }
}

TEST(FusedStep, what_it_cannot_do_goes_through_autograd) {
    const auto uses_autograd = [](Fit fit) {
        fit.learn.fit(1, 0.01);
        return fit.watch->seen;
    };
    const Case plain{.name = ""};
    EXPECT_FALSE(uses_autograd(fit_of(plain, true)));
    EXPECT_FALSE(uses_autograd(fit_of(plain, true, {std::make_shared<GradientClip>()})));
    EXPECT_FALSE(uses_autograd(fit_of(plain, true, {std::make_shared<TerminateOnNaN>()})));
    EXPECT_TRUE(uses_autograd(fit_of(plain, true, {std::make_shared<GradientAccumulation>()})));
    EXPECT_TRUE(uses_autograd(fit_of(plain, true, {std::make_shared<GradientReader>()})));
    EXPECT_FALSE(uses_autograd(fit_of(plain, true, {std::make_shared<testing::EventRecorder>()})));
    EXPECT_TRUE(uses_autograd(fit_of(plain, true, {}, /*weighted=*/true)));
    EXPECT_TRUE(uses_autograd(fit_of({.name = "", .optimizer = adam({.decouple_wd = false})}, true)));
    EXPECT_TRUE(uses_autograd(fit_of({.name = "", .optimizer = lamb()}, true)));
    auto frozen = fit_of(plain, true);
    for (const auto& item : frozen.learn.model().module().named_parameters()) {
        if (item.key() == "user_bias.weight") at::Tensor(item.value()).requires_grad_(false);
    }
    EXPECT_TRUE(uses_autograd(std::move(frozen)));
}

TEST(FusedStep, clips_gradients_as_autograd_does) {
    for (const GradientClipOptions& options :
         {GradientClipOptions{.max_norm = 0.05}, GradientClipOptions{.max_norm = 0.02, .norm_type = 3},
          GradientClipOptions{.max_norm = 0.01, .norm_type = std::numeric_limits<double>::infinity()},
          GradientClipOptions{.clip_value = 0.002}}) {
        // Of SGD, to which the size of a gradient matters.
        const Case of{.name = "", .optimizer = sgd(), .update = EmbeddingUpdate::lazy};
        const Case plain{.name = "", .optimizer = sgd()};
        auto fused = fit_of(of, true, {std::make_shared<GradientClip>(options)});
        auto autograd = fit_of(plain, false, {std::make_shared<GradientClip>(options)});
        auto unclipped = fit_of(of, true);
        for (auto* fit : {&fused, &autograd, &unclipped}) fit->learn.fit(1, 1);
        EXPECT_FALSE(fused.watch->seen);
        const auto expected = tensors_of(autograd.learn), without = tensors_of(unclipped.learn);
        for (const auto& [name, tensor] : tensors_of(fused.learn)) {
            EXPECT_TRUE(tensor.allclose(expected.at(name), 1e-5, 1e-6)) << name;
            if (!without.at(name).equal(tensor)) continue;
            ADD_FAILURE() << name << " was not clipped";
        }
    }
}

TEST(FusedStep, ends_at_a_gradient_that_is_not_finite_and_moves_nothing) {
    const auto x = torch::tensor(std::vector<int64_t>{1, 1, 2, 1}).reshape({2, 2});
    const DataLoader loader({.inputs = {x}, .targets = {torch::full({2, 1}, 5.)}});
    const DotProduct model(DotProductOptions{kUsers, kItems, 4, {}});
    {
        torch::NoGradGuard no_grad;
        model->user_factors->weight.zero_();
        model->item_factors->weight[1].fill_(3e38);
    }
    const auto before = model->user_factors->weight.detach().clone();
    Learner learn(DataLoaders(loader, std::nullopt), model, {.loss = mse_loss_flat(), .progress = false});
    learn.fit(1, 0.1, {.callbacks = {std::make_shared<TerminateOnNaN>()}});
    EXPECT_EQ(learn.stop_reason(), "the gradient of user_factors.weight is not finite, in epoch 0 at batch 0");
    EXPECT_TRUE(model->user_factors->weight.equal(before));
}

TEST(FusedStep, sends_every_event_and_obeys_what_is_left) {
    using Action = testing::EventRecorder::Action;
    const auto log_of = [](bool fused, const std::string& at, const Action& action) {
        const auto recorder = std::make_shared<testing::EventRecorder>(at, action);
        auto fit = fit_of({.name = ""}, fused, {recorder});
        fit.learn.fit(1, 0.01);
        return recorder->log();
    };
    const auto leave = [](Level level) { return [level](TrainingState& state) { state.cancel(level); }; };
    EXPECT_EQ(log_of(true, "", {}), log_of(false, "", {}));
    for (const char* at : {"after_pred", "after_loss", "before_backward", "after_backward", "before_step"}) {
        SCOPED_TRACE(at);
        const auto action = [&](TrainingState& state) {
            if (state.training) state.cancel(Level::batch);
        };
        EXPECT_EQ(log_of(true, at, action), log_of(false, at, action));
    }
    EXPECT_EQ(log_of(true, "before_step", leave(Level::step)), log_of(false, "before_step", leave(Level::step)));
}

/// A fit of 7 batches whose second does `action` at `at`: its model and optimizer.
std::map<std::string, at::Tensor> acted_on(const Case& of, bool fused, const std::string& at,
                                           const std::function<void(TrainingState&)>& action, int64_t batch = 1) {
    const auto recorder = std::make_shared<testing::EventRecorder>(at, [&](TrainingState& state) {
        if (state.training && state.iteration == batch) action(state);
    });
    auto fit = fit_of(of, fused, {recorder});
    fit.learn.fit(2, 0.05, {.weight_decay = 0.1});
    return tensors_of(fit.learn);
}

void expect_close(const std::map<std::string, at::Tensor>& found, const std::map<std::string, at::Tensor>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [name, tensor] : expected) {
        EXPECT_LE((found.at(name) - tensor).abs().max().item<double>(), 1e-5) << name;
    }
}

TEST(FusedStep, keeps_the_gradients_of_a_batch_that_is_left_as_autograd_does) {
    for (const Case& of : {Case{.name = "dense"}, Case{.name = "lazy", .update = EmbeddingUpdate::lazy},
                           Case{.name = "no bias", .bias = false}}) {
        for (const char* at : {"before_batch", "after_pred", "after_loss", "before_backward", "after_backward",
                               "before_step", "after_step"}) {
            SCOPED_TRACE(of.name + ", " + at);
            const auto leave = [](TrainingState& state) { state.cancel(Level::batch); };
            expect_close(acted_on(of, true, at, leave), acted_on(of, false, at, leave));
        }
        const auto leave_step = [](TrainingState& state) { state.cancel(Level::step); };
        expect_close(acted_on(of, true, "before_step", leave_step), acted_on(of, false, "before_step", leave_step));
        const auto leave_backward = [](TrainingState& state) { state.cancel(Level::backward); };
        expect_close(acted_on(of, true, "before_backward", leave_backward),
                     acted_on(of, false, "before_backward", leave_backward));
    }
}

TEST(LazyUpdate, resumes_with_the_gradients_of_a_batch_that_was_left) {
    const testing::TemporaryFolder folder;
    bool breaks = false;
    const auto learner = [&] {
        const auto leave_last = [](TrainingState& state) {
            if (state.epoch == 0 && state.iteration + 1 == state.n_iter) state.cancel(Level::batch);
        };
        const auto stop = [&breaks](TrainingState& state) {
            if (breaks && state.epoch == 1) throw std::runtime_error("power cut");
        };
        return fit_of({.name = "lazy", .update = EmbeddingUpdate::lazy}, true,
                      {std::make_shared<testing::EventRecorder>("before_step", leave_last),
                       std::make_shared<testing::EventRecorder>("before_train", stop)});
    };
    auto whole = learner();
    whole.learn.fit(2, 0.01);
    breaks = true;
    EXPECT_THROW(learner().learn.fit(2, 0.01, {.checkpoint = {.dir = folder.path()}}), std::runtime_error);
    breaks = false;
    auto resumed = learner();
    resumed.learn.fit(2, 0.01, {.checkpoint = {.dir = folder.path(), .resume = true}});
    expect_near(resumed.learn, whole.learn, 0);
}

/// What a callback that does not ask for autograd may do; each is an Error, or does what it does there.
TEST(FusedStep, passes_over_nothing_that_a_callback_does) {
    const auto each_gradient = [](auto work) {
        return [work](TrainingState& state) {
            torch::NoGradGuard no_grad;
            for (auto& parameter : state.model->parameters()) work(parameter);
        };
    };
    const auto weight = [](TrainingState& state) { return state.model->parameters().front(); };
    double sink = 0;
    struct Use {
        std::string name;
        std::vector<std::string> at;
        std::function<void(TrainingState&)> action;
    };
    const std::vector<std::string> with_gradients = {"after_backward", "before_step"};
    const std::vector<Use> uses = {
        {"norm", {"after_backward", "before_step", "after_step"}, each_gradient([&](at::Tensor& p) {
             sink += p.grad().norm().item<double>();
         })},
        {"norm where there is one", with_gradients, each_gradient([&](at::Tensor& p) {
             if (p.grad().defined()) sink += p.grad().abs().max().item<double>();
         })},
        {"clone", with_gradients, each_gradient([&](at::Tensor& p) { sink += p.grad().clone().sum().item<double>(); })},
        {"numbers", with_gradients, each_gradient([&](at::Tensor& p) { sink += p.grad().data_ptr<float>()[0]; })},
        {"scale", with_gradients, each_gradient([](at::Tensor& p) { p.mutable_grad().mul_(0.5); })},
        {"replace", with_gradients, each_gradient([](at::Tensor& p) { p.mutable_grad() = torch::ones_like(p); })},
        {"drop", with_gradients, each_gradient([](at::Tensor& p) { p.mutable_grad().reset(); })},
        {"LibTorch's clipping", with_gradients,
         [](TrainingState& state) { torch::nn::utils::clip_grad_value_(state.model->parameters(), 1e-4); }},
        {"LibTorch's clipping by norm", with_gradients,
         [](TrainingState& state) { torch::nn::utils::clip_grad_norm_(state.model->parameters(), 1e-3); }},
        {"a step by hand", with_gradients, each_gradient([](at::Tensor& p) { p.add_(p.grad(), -0.1); })},
        {"weights",
         {"before_batch", "after_pred", "after_loss", "before_backward", "after_backward", "before_step", "after_step",
          "after_batch"},
         each_gradient([](at::Tensor& p) { p.mul_(0.9); })},
        {"another loss", {"after_loss", "before_backward"}, [](TrainingState& state) { state.loss = state.loss * 3; }},
        {"a penalty",
         {"after_loss"},
         [&](TrainingState& state) { state.loss = state.loss + weight(state).square().sum(); }},
        {"the loss in place", {"after_loss", "before_backward"}, [](TrainingState& state) { state.loss.mul_(3); }},
        {"other predictions",
         {"after_pred"},
         [](TrainingState& state) { state.predictions = {state.predictions.front().sigmoid()}; }},
        {"predictions in place", {"after_pred"}, [](TrainingState& state) { state.predictions.front().mul_(2); }},
        {"a hook on predictions",
         {"after_pred"},
         [](TrainingState& state) { state.predictions.front().register_hook([](at::Tensor g) { return g * 2; }); }},
        {"other targets",
         {"before_batch", "after_pred"},
         [](TrainingState& state) { state.batch.targets = {state.batch.targets.front() + 1}; }},
        {"targets in place",
         {"before_batch", "after_pred"},
         [](TrainingState& state) { state.batch.targets = {state.batch.targets.front().clone()}; }},
        {"weights of rows",
         {"before_batch", "after_pred"},
         [](TrainingState& state) { state.batch.weights = torch::arange(state.batch.size()).to(at::kFloat); }},
        {"loss_scale", {"before_backward"}, [](TrainingState& state) { state.loss_scale = 3; }},
        {"a second pass", {"after_loss"}, [](TrainingState& state) { state.loss.backward({}, true); }},
        {"gradients of zero", {"before_step"}, [](TrainingState& state) { state.optimizer->zero_grad(); }},
    };
    int refused = 0;
    for (const auto& use : uses) {
        for (const auto& at : use.at) {
            SCOPED_TRACE(use.name + " at " + at);
            const auto expected = acted_on({.name = ""}, false, at, use.action);
            try {
                expect_close(acted_on({.name = ""}, true, at, use.action), expected);
            } catch (const Error& error) {
                ++refused;
                EXPECT_THAT(error.what(), HasSubstr("needs_autograd() return true"));
                EXPECT_LT(std::string(error.what()).size(), 300U);
            }
        }
    }
    EXPECT_GE(refused, 20);
}

TEST(FusedStep, leaves_no_trace_in_the_parameters_where_a_callback_is_refused) {
    const auto recorder = std::make_shared<testing::EventRecorder>(
        "before_step", [](TrainingState& state) { state.model->parameters().front().grad().norm(); });
    auto fit = fit_of({.name = ""}, true, {recorder});
    EXPECT_THROW(fit.learn.fit(1, 0.01), Error);
    for (const auto& parameter : fit.learn.model().module().parameters()) EXPECT_FALSE(parameter.grad().defined());
    fit.learn.remove_callback(recorder);
    fit.learn.fit(1, 0.01);
}

TEST(FusedStep, hooks_on_a_parameter_lead_through_autograd) {
    const auto fit_with_hook = [](bool fused, bool later) {
        auto fit = fit_of({.name = ""}, fused);
        const at::Tensor factors = fit.learn.model().module().named_parameters()["item_factors.weight"];
        const auto hook = [&](TrainingState&) {
            factors.register_hook([](const at::Tensor& gradient) { return gradient * 0; });
        };
        TrainingState none;
        if (!later) hook(none);
        const auto recorder = std::make_shared<testing::EventRecorder>("before_train", hook);
        if (later) fit.learn.add_callback(recorder);
        fit.learn.fit(1, 0.05);
        return std::pair(tensors_of(fit.learn), fit.watch->seen);
    };
    for (const bool later : {false, true}) {
        const auto [found, autograd] = fit_with_hook(true, later);
        EXPECT_TRUE(autograd);
        expect_close(found, fit_with_hook(false, later).first);
        EXPECT_EQ(found.at("optimizer.item_factors.weight.grad_avg").abs().max().item<double>(), 0);
    }
}

/// Its predictions are others than DotProductBias would give.
struct ShiftedDotImpl : DotProductBiasImpl {
    using DotProductBiasImpl::DotProductBiasImpl;
    at::Tensor forward(const at::Tensor& x) { return DotProductBiasImpl::forward(x) + 100; }
};

TEST(FusedStep, is_not_for_models_with_a_forward_of_their_own) {
    const auto model = std::make_shared<ShiftedDotImpl>(DotProductOptions{kUsers, kItems, 4, {}});
    Learner derived(loaders(), model, {.loss = mse_loss_flat(), .progress = false});
    EXPECT_GT(derived.fit(1, 1e-6).losses.front(), 1000);
    const DotProductBias plain(DotProductOptions{kUsers, kItems, 4, {}});
    const Model called(plain.ptr(),
                       [plain](const Tensors& x) { return Tensors{DotProductBias(plain)->forward(x[0]) + 100}; });
    Learner shifted(loaders(), called, {.loss = mse_loss_flat(), .progress = false});
    EXPECT_GT(shifted.fit(1, 1e-6).losses.front(), 1000);
}

TEST(FusedStep, shows_predictions_and_loss) {
    const auto shown = [](bool fused) {
        std::vector<at::Tensor> values;
        const auto recorder = std::make_shared<testing::EventRecorder>("before_backward", [&](TrainingState& state) {
            values.push_back(state.predictions.front().detach().clone());
            values.push_back(state.loss.detach().clone());
        });
        fit_of({.name = "", .y_range = {0, 5.5}}, fused, {recorder}).learn.fit(1, 0.01);
        return values;
    };
    const auto found = shown(true), expected = shown(false);
    ASSERT_EQ(found.size(), 14U);
    for (size_t i = 0; i < found.size(); ++i) EXPECT_TRUE(found[i].allclose(expected[i], 1e-5, 1e-6)) << i;
}

/// Asks a fit to stop after some batches.
struct StopAfter : Callback {
    explicit StopAfter(int batches) : left(batches) {}
    void after_batch(TrainingState&) override {
        if (--left == 0) source.request_stop();
    }
    int left;
    std::stop_source source;
};

TEST(FusedStep, a_resumed_fit_ends_as_if_undisturbed) {
    for (const auto update : {EmbeddingUpdate::dense, EmbeddingUpdate::lazy}) {
        const testing::TemporaryFolder folder;
        const Case of{.name = "", .y_range = {0, 5.5}, .update = update};
        auto whole = fit_of(of, true), begun = fit_of(of, true), rest = fit_of(of, true);
        whole.learn.fit_one_cycle(3, 0.02);
        StopAfter stop(10);
        const auto watch = std::shared_ptr<Callback>(std::shared_ptr<Callback>(), &stop);
        begun.learn.fit_one_cycle(
            3, 0.02, {.callbacks = {watch}, .stop = stop.source.get_token(), .checkpoint = {.dir = folder.path()}});
        EXPECT_LT(begun.learn.records().losses.size(), whole.learn.records().losses.size());
        StopAfter never(1000);
        const auto other = std::shared_ptr<Callback>(std::shared_ptr<Callback>(), &never);
        rest.learn.fit_one_cycle(3, 0.02, {.callbacks = {other}, .checkpoint = {.dir = folder.path(), .resume = true}});
        EXPECT_FALSE(rest.watch->seen);
        const auto expected = tensors_of(whole.learn);
        for (const auto& [name, tensor] : tensors_of(rest.learn)) EXPECT_TRUE(tensor.equal(expected.at(name))) << name;
        EXPECT_EQ(rest.learn.records().losses, whole.learn.records().losses);
    }
}

TEST(FusedStep, refuses_ids_that_the_model_does_not_have) {
    const auto x = torch::tensor(std::vector<int64_t>{1, 2, 3, kItems}).reshape({2, 2});
    const DataLoader loader({.inputs = {x}, .targets = {torch::ones({2, 1})}});
    Learner learn(DataLoaders(loader, std::nullopt), DotProduct(DotProductOptions{kUsers, kItems, 4, {}}),
                  {.loss = mse_loss_flat(), .progress = false});
    EXPECT_THAT(message_of<Error>([&] { learn.fit(1); }), HasSubstr("item 60 of a batch is not one of the model's 60"));
}

/// LibTorch's number of threads for as long as it lives.
class Threads {
public:
    explicit Threads(int n) { at::set_num_threads(n); }
    ~Threads() { at::set_num_threads(before_); }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

private:
    int before_ = at::get_num_threads();
};

/// 20,000 ratings of 3,000 users, most of them of few of the 500 items.
DataLoaders many_ratings() {
    set_seed(4);
    const auto users = torch::randint(0, 3000, {20'000}, at::kLong),
               items = (torch::rand({20'000}).pow(4) * 500).to(at::kLong);
    const TensorDataset data{.inputs = {torch::stack({users, items}, 1)},
                             .targets = {(1 + (users * items) % 5).to(at::kFloat).reshape({20'000, 1})}};
    return {DataLoader(data, {.batch_size = 8192, .shuffle = true}), std::nullopt};
}

Learner fit_of_many_ratings(const Case& of, bool fused, int threads) {
    const Threads some(threads);
    set_seed(11);
    const DotProductBias model(DotProductOptions{3000, 500, of.width, of.y_range});
    Learner learn(many_ratings(), model,
                  {.loss = mse_loss_flat(),
                   .optimizer = of.optimizer,
                   .progress = false,
                   .fused_step = fused,
                   .embedding_update = of.update});
    learn.fit(2, 0.05, {.weight_decay = 0.1});
    return learn;
}

TEST(FusedStep, large_batches_are_shared_by_threads_to_the_same_bits) {
    for (Case each : cases()) {
        if (!each.bias) continue;
        SCOPED_TRACE(each.name);
        Learner alone = fit_of_many_ratings(each, true, 1);
        const auto expected = tensors_of(alone);
        for (const int threads : {2, 3, 4}) {
            Learner shared = fit_of_many_ratings(each, true, threads);
            EXPECT_EQ(shared.records().losses, alone.records().losses);
            for (const auto& [name, tensor] : tensors_of(shared)) {
                EXPECT_TRUE(tensor.equal(expected.at(name))) << name << " with " << threads << " threads";
            }
        }
    }
}

TEST(FusedStep, large_batches_are_those_of_autograd) {
    for (const Case& each : cases()) {
        if (!each.bias) continue;
        SCOPED_TRACE(each.name);
        Learner fused = fit_of_many_ratings(each, true, 2), autograd = fit_of_many_ratings(each, false, 1);
        expect_near(fused, autograd, 1e-4);
    }
}

TEST(FusedStep, refuses_ids_in_large_batches_before_anything_moves) {
    const Threads two(2);
    auto x = torch::ones({5000, 2}, at::kLong);
    x[4000][0] = -1;
    x[4999][1] = kItems;
    const DataLoader loader({.inputs = {x}, .targets = {torch::ones({5000, 1})}}, {.batch_size = 5000});
    const DotProduct model(DotProductOptions{kUsers, kItems, 4, {}});
    const auto before = model->item_factors->weight.detach().clone();
    Learner learn(DataLoaders(loader, std::nullopt), model, {.loss = mse_loss_flat(), .progress = false});
    EXPECT_THAT(message_of<Error>([&] { learn.fit(1); }), HasSubstr("user -1 of a batch is not one of the model's 40"));
    EXPECT_TRUE(model->item_factors->weight.equal(before));
}

TEST(LazyUpdate, trains_the_embeddings_of_any_module_by_rows) {
    const auto train = [](EmbeddingUpdate update) {
        set_seed(5);
        const torch::nn::Sequential model(torch::nn::Embedding(30, 4), torch::nn::Flatten(), torch::nn::Linear(8, 1));
        const auto x = torch::randint(0, 20, {64, 2}, at::kLong);
        const auto dls = DataLoaders(
            DataLoader({.inputs = {x}, .targets = {torch::randn({64, 1})}}, {.batch_size = 16}), std::nullopt);
        Learner learn(dls, model,
                      {.loss = mse_loss_flat(), .optimizer = adagrad(), .progress = false, .embedding_update = update});
        learn.fit(3, 0.05);
        return tensors_of(learn);
    };
    // Without decay, what Adagrad does to a row without a gradient is nothing.
    const auto lazy = train(EmbeddingUpdate::lazy), dense = train(EmbeddingUpdate::dense);
    ASSERT_TRUE(lazy.contains("optimizer.0.weight.sqr_sum"));
    for (const auto& [name, tensor] : dense) EXPECT_TRUE(lazy.at(name).allclose(tensor, 1e-5, 1e-6)) << name;
}

TEST(LazyUpdate, leaves_the_users_embeddings_as_they_were) {
    const torch::nn::Embedding own(torch::nn::EmbeddingOptions(30, 4).sparse(true)), other(30, 4);
    const torch::nn::Sequential model(other, torch::nn::Flatten(), torch::nn::Linear(8, 1));
    const auto x = torch::randint(0, 20, {8, 2}, at::kLong);
    const auto dls = DataLoaders(DataLoader({.inputs = {x}, .targets = {torch::randn({8, 1})}}), std::nullopt);
    Learner learn(dls, model, {.loss = mse_loss_flat(), .progress = false, .embedding_update = EmbeddingUpdate::lazy});
    EXPECT_FALSE(other->options.sparse());
    bool sparse_in_fit = false;
    learn.fit(1, 0.1, {.callbacks = {std::make_shared<testing::EventRecorder>("before_step", [&](TrainingState&) {
                           sparse_in_fit = other->weight.grad().is_sparse();
                       })}});
    EXPECT_TRUE(sparse_in_fit);
    EXPECT_FALSE(other->options.sparse());
    EXPECT_TRUE(own->options.sparse());
    const auto failing =
        std::make_shared<testing::EventRecorder>("before_step", [](TrainingState&) { fail("enough"); });
    EXPECT_THROW(learn.fit(1, 0.1, {.callbacks = {failing}}), Error);
    EXPECT_FALSE(other->options.sparse());
}

TEST(LazyUpdate, says_what_cannot_be) {
    const auto learn = [](const auto& model, OptimizerFactory optimizer) {
        Learner(loaders(), model,
                {.loss = mse_loss_flat(),
                 .optimizer = std::move(optimizer),
                 .progress = false,
                 .embedding_update = EmbeddingUpdate::lazy})
            .optimizer();
    };
    const DotProduct dot(DotProductOptions{kUsers, kItems, 4, {}});
    EXPECT_THAT(message_of<UsageError>([&] { learn(dot, lamb()); }), HasSubstr("LAMB has no lazy update"));
    EXPECT_THAT(message_of<UsageError>([&] { learn(dot, lookahead(sgd())); }), HasSubstr("no lazy update"));
    EXPECT_THAT(message_of<UsageError>([&] { learn(torch::nn::Linear(2, 1), adam()); }),
                HasSubstr("has no torch::nn::Embedding"));
    auto clipped = fit_of({.name = "", .update = EmbeddingUpdate::lazy}, false, {std::make_shared<GradientClip>()});
    EXPECT_THAT(message_of<Error>([&] { clipped.learn.fit(1); }), HasSubstr("is sparse"));
}

TEST(LazyUpdate, goes_on_from_what_was_saved) {
    const testing::TemporaryFolder folder;
    const Case of{.name = "", .optimizer = adagrad(), .update = EmbeddingUpdate::lazy};
    auto whole = fit_of(of, true), rest = fit_of(of, true);
    whole.learn.fit(1, 0.05);
    whole.learn.save(folder.path() / "half");
    rest.learn.load(folder.path() / "half");
    for (auto* fit : {&whole, &rest}) fit->learn.optimizer().set_hyper("lr", 0.05);
    const auto saved = tensors_of(whole.learn), loaded = tensors_of(rest.learn);
    for (const auto& [name, tensor] : saved) EXPECT_TRUE(loaded.at(name).equal(tensor)) << name;
}

}  // namespace fused_step_test
}  // namespace embark
