#include <embark/learners/learner.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/gradient_clip.h>
#include <embark/callbacks/param_scheduler.h>
#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/optim/torch_optimizer.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace learner_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

/// y = x · w, which a linear layer learns exactly.
DataLoaders linear_data(int64_t rows = 64, int64_t batch_size = 8) {
    torch::manual_seed(7);
    const auto x = torch::randn({rows, 3});
    const auto y = x.matmul(torch::tensor({{1.0f}, {-2.0f}, {0.5f}}));
    return DataLoaders::from_tensors({{x}, {y}}, {.batch_size = batch_size});
}

Learner linear_learner(LearnerOptions options) {
    torch::manual_seed(3);
    if (!options.loss) options.loss = mse_loss_flat();
    options.progress = false;
    return Learner(linear_data(), torch::nn::Linear(3, 1), options);
}

Learner linear_learner() {
    return linear_learner(LearnerOptions());
}

at::Tensor weights(const Learner& learn) {
    Tensors flat;
    for (const auto& parameter : learn.model().module().parameters()) flat.push_back(parameter.detach().reshape(-1));
    return torch::cat(flat).clone();
}

TEST(Learner, learns) {
    auto learn = linear_learner();
    learn.fit_one_cycle(30, 0.1, {.weight_decay = 0});
    EXPECT_LT(learn.validate().loss, 1e-4);
}

TEST(Validation, is_printed_with_its_metrics_and_why_one_is_nan) {
    const Validation validation = {
        .loss = 0.5, .metrics = {{"accuracy", 0.75}, {"roc_auc", NAN}}, .undefined = {{"roc_auc", "there are 20 rows, all of one class"}}};
    EXPECT_EQ(concat(validation), "loss 0.500000, accuracy 0.750000, roc_auc nan (there are 20 rows, all of one class)");
    std::vector<std::string> names;
    for (const auto& [name, value] : validation.figures()) names.push_back(name);
    EXPECT_EQ(names, (std::vector<std::string>{"loss", "accuracy", "roc_auc"}));
}

TEST(Learner, one_cycle_sets_fastais_learning_rate_and_momentum_at_every_step) {
    const auto baseline = testing::tensor_baseline("one_cycle.safetensors");
    const auto x = torch::randn({14, 1}), y = torch::randn({14, 1});
    Learner learn(DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 2}), torch::nn::Linear(1, 1),
                  {.loss = mse_loss_flat(), .progress = false});
    learn.fit_one_cycle(3, 0.01, {.div = 10, .div_final = 1e3, .pct_start = 0.4, .moms = Momentums{0.9, 0.8, 0.97}});
    const auto recorded = [&](const char* name) { return torch::tensor(learn.records().hypers.at(name), at::kDouble); };
    EXPECT_LE(testing::largest_difference(recorded("lr"), baseline.tensors.at("small.lr")), 1e-8);
    EXPECT_LE(testing::largest_difference(recorded("mom"), baseline.tensors.at("small.mom")), 1e-6);
}

TEST(Learner, the_same_seed_gives_the_same_weights_to_the_bit) {
    const auto train = [] {
        auto learn = linear_learner();
        learn.fit_one_cycle(2, 0.01);
        return weights(learn);
    };
    EXPECT_TRUE(train().equal(train()));
}

struct Twice : torch::nn::Module {
    Twice() : layer(register_module("layer", torch::nn::Linear(2, 1))) {}
    std::tuple<at::Tensor, at::Tensor> forward(const at::Tensor& a, const at::Tensor& b) {
        return {layer(torch::cat({a, b}, 1)), a};
    }
    torch::nn::Linear layer;
};

TEST(Learner, trains_modules_of_several_inputs_and_outputs) {
    const auto a = torch::randn({16, 1}), b = torch::randn({16, 1});
    Learner learn(DataLoaders::from_tensors({{a, b}, {a + b}}, {.batch_size = 4}), std::make_shared<Twice>(),
                  {.loss = mse_loss_flat(), .progress = false});
    learn.fit(1, 0.01);
    EXPECT_EQ(learn.predict({a, b}).sizes(), at::IntArrayRef({16, 1}));
    EXPECT_THAT(message_of<Error>([&] { learn.predict({a}); }), HasSubstr("cannot be called with 1 tensors"));
}

TEST(Learner, trains_a_sequential) {
    Learner learn(linear_data(),
                  torch::nn::Sequential(torch::nn::Linear(3, 8), torch::nn::ReLU(), torch::nn::BatchNorm1d(8),
                                        torch::nn::Linear(8, 1)),
                  {.loss = mse_loss_flat(), .progress = false});
    EXPECT_LT(learn.fit(20, 0.05).last("valid_loss"), 0.5);
}

TEST(Learner, norm_layers_and_biases_do_not_decay_unless_asked) {
    const auto decays = [](bool wd_bn_bias) {
        Learner learn(linear_data(), torch::nn::Sequential(torch::nn::Linear(3, 3), torch::nn::BatchNorm1d(3)),
                      {.loss = mse_loss_flat(), .wd_bn_bias = wd_bn_bias});
        std::string marks;
        for (const auto& parameter : learn.optimizer().groups()[0].parameters) marks += parameter.decay ? "d" : "-";
        return marks;
    };
    EXPECT_EQ(decays(false), "d---");
    EXPECT_EQ(decays(true), "dddd");
}

TEST(Learner, weight_decay_is_the_fits_then_the_learners_then_the_optimizers) {
    const auto used = [](LearnerOptions options, FitOptions fit) {
        auto learn = linear_learner(std::move(options));
        return learn.fit(1, 0.01, fit).hypers.at("wd").back();
    };
    EXPECT_DOUBLE_EQ(used({}, {}), 0.01);
    EXPECT_DOUBLE_EQ(used({.weight_decay = 0.2}, {}), 0.2);
    EXPECT_DOUBLE_EQ(used({.weight_decay = 0.2}, {.weight_decay = 0.3}), 0.3);
    auto learn = linear_learner();
    learn.fit(1, 0.01, {.weight_decay = 0.3});
    EXPECT_DOUBLE_EQ(learn.fit(1, 0.01).hypers.at("wd").back(), 0.01);  // one fit's decay is not the next one's
}

TEST(Learner, later_fits_go_on_with_the_optimizer_unless_it_is_reset) {
    auto learn = linear_learner();
    learn.fit(1, 0.01);
    const auto steps = [&] { return learn.optimizer().state().at("weight.step").item<double>(); };
    const double first = steps();
    learn.fit(1, 0.01);
    EXPECT_EQ(steps(), 2 * first);
    learn.fit(1, 0.01, {.reset_optimizer = true});
    EXPECT_EQ(steps(), first);
}

TEST(Learner, takes_any_optimizer_of_libtorch) {
    LearnerOptions options{.optimizer =
                               torch_optimizer<torch::optim::SGD>(torch::optim::SGDOptions(0.1).momentum(0.9))};
    auto learn = linear_learner(options);
    learn.fit_one_cycle(20, 0.05);
    EXPECT_LT(learn.validate().loss, 1e-2);
    EXPECT_NEAR(learn.records().hypers.at("mom")[0], 0.95, 1e-9);
}

TEST(Learner, predictions_come_in_the_order_of_the_rows_with_their_losses) {
    auto learn = linear_learner();
    const auto all = learn.get_preds(learn.dls().train());
    EXPECT_EQ(all.predictions.size(0), learn.dls().train().rows());
    EXPECT_TRUE(all.targets.equal(learn.dls().train().data().targets[0]));
    EXPECT_TRUE(all.predictions.allclose(learn.predict(learn.dls().train().data().inputs)));
    EXPECT_TRUE(all.losses.allclose((all.predictions - all.targets).square().reshape(-1)));
}

TEST(Learner, validate_gives_loss_and_metrics_by_name) {
    auto learn = linear_learner({.metrics = {rmse(), mae()}});
    const auto result = learn.validate();
    EXPECT_NEAR(result.metrics.at("rmse"), std::sqrt(result.loss), 1e-6);
    EXPECT_EQ(result.metrics.size(), 2U);
}

TEST(Learner, predicts_after_the_loss_activation) {
    const auto x = torch::randn({8, 3});
    const auto y = torch::randint(0, 4, {8});
    Learner learn(DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 4}), torch::nn::Linear(3, 4),
                  {.loss = cross_entropy_loss_flat(), .metrics = {accuracy()}, .progress = false});
    EXPECT_TRUE(learn.predict({x}).sum(1).allclose(torch::ones({8})));
    learn.fit(1, 0.01);
}

TEST(Learner, load_brings_back_model_and_optimizer_exactly) {
    const TemporaryFolder folder;
    auto learn = linear_learner();
    learn.fit_one_cycle(2, 0.01, {.weight_decay = 0.07});
    learn.save(folder.path() / "stage-1.safetensors");
    const auto saved = weights(learn);
    auto other = linear_learner();
    other.load(folder.path() / "stage-1.safetensors");
    EXPECT_TRUE(weights(other).equal(saved));
    EXPECT_DOUBLE_EQ(other.optimizer().hyper("wd"), 0.07);
    ASSERT_EQ(other.optimizer().state().size(), learn.optimizer().state().size());
    for (const auto& [name, tensor] : learn.optimizer().state()) {
        EXPECT_TRUE(other.optimizer().state().at(name).equal(tensor)) << name;
    }
}

TEST(Learner, a_failed_load_names_everything_wrong_and_changes_nothing) {
    const TemporaryFolder folder;
    auto learn = linear_learner();
    learn.save(folder.path() / "x");
    Learner other(linear_data(), torch::nn::Sequential(torch::nn::Linear(3, 2), torch::nn::Linear(2, 1)),
                  {.loss = mse_loss_flat(), .progress = false});
    const auto before = weights(other);
    EXPECT_THAT(message_of<Error>([&] { other.load(folder.path() / "x"); }),
                AllOf(HasSubstr("missing 0.weight"), HasSubstr("missing 1.bias"), HasSubstr("unexpected weight")));
    EXPECT_TRUE(weights(other).equal(before));
    Learner wide(linear_data(), torch::nn::Linear(3, 2), {.loss = mse_loss_flat(), .progress = false});
    EXPECT_THAT(message_of<Error>([&] { wide.load(folder.path() / "x"); }),
                HasSubstr("wrong shape [1, 3] of weight, the model's is [2, 3]"));
}

TEST(Learner, bad_settings_are_refused_by_name_and_value) {
    auto learn = linear_learner();
    EXPECT_THAT(message_of<UsageError>([&] { learn.fit(1, -0.1); }), HasSubstr("Invalid learning rate -0.1"));
    EXPECT_THAT(message_of<UsageError>([&] { learn.fit(1, NAN); }), HasSubstr("Invalid learning rate nan"));
    EXPECT_THAT(message_of<UsageError>([&] { learn.fit(-1, 0.1); }), HasSubstr("-1"));
    EXPECT_THAT(message_of<UsageError>([&] { learn.fit_one_cycle(1, 0.1, {.pct_start = 1.5}); }), HasSubstr("1.5"));
    EXPECT_THAT(message_of<UsageError>([&] { learn.fit(1, 0.1, {.weight_decay = -1}); }), HasSubstr("-1"));
    Learner lossless(linear_data(), torch::nn::Linear(3, 1));
    EXPECT_THAT(message_of<Error>([&] { lossless.fit(1); }), HasSubstr("mse_loss_flat"));
    EXPECT_THAT(
        message_of<Error>([&] {
            learn.fit(1, 0.1, {.callbacks = {std::make_shared<ParamScheduler>(Schedules{{"lrr", sched_no(1)}})}});
        }),
        HasSubstr("did you mean 'lr'"));
}

TEST(Learner, callbacks_can_be_added_and_removed) {
    struct Counter : Callback {
        void after_epoch(TrainingState&) override { ++epochs; }
        int epochs = 0;
    };
    const auto counter = std::make_shared<Counter>();
    auto learn = linear_learner();
    learn.add_callback(counter);
    learn.fit(2, 0.01);
    learn.remove_callback(counter);
    learn.fit(1, 0.01);
    EXPECT_EQ(counter->epochs, 2);
    EXPECT_THROW(learn.remove_callback(counter), Error);
}

/// Two layers with one weight between them, and one layer under two names.
struct TiedImpl : torch::nn::Module {
    TiedImpl() {
        register_module("again", a);
        register_parameter("tied", a->weight);
    }
    at::Tensor forward(const at::Tensor& x) { return b->forward(a->forward(x)); }
    torch::nn::Linear a = register_module("a", torch::nn::Linear(3, 3));
    torch::nn::Linear b = register_module("b", torch::nn::Linear(3, 1));
};
TORCH_MODULE(Tied);

TEST(Learner, a_tensor_under_several_names_is_one_parameter) {
    struct Norm : Callback {
        bool needs_autograd() const override { return true; }
        int order() const override { return 20; }
        void before_step(TrainingState& state) override {
            double squares = 0;
            for (const auto& item : state.model->named_parameters()) {
                if (item.key().starts_with("a.") || item.key().starts_with("b."))
                    squares += item.value().grad().square().sum().item<double>();
            }
            norm = std::sqrt(squares);
        }
        double norm = 0;
    };
    const Tied model;
    const auto norm = std::make_shared<Norm>();
    Learner learn(linear_data(8), model,
                  {.loss = mse_loss_flat(),
                   .callbacks = {norm, std::make_shared<GradientClip>(GradientClipOptions{.max_norm = 1e-3})},
                   .param_groups = {{"a"}, {"again", "b", "tied"}},
                   .progress = false});
    const auto before = model->a->weight.detach().clone();
    learn.fit(1, slice(0.1, 0.2), {.weight_decay = 0});
    // Adam's first step moves every weight by its rate: here that of the group with the first of its names.
    EXPECT_LE((model->a->weight - before).abs().max().item<double>(), 0.2001);
    EXPECT_GE((model->a->weight - before).abs().max().item<double>(), 0.15);
    EXPECT_NEAR(norm->norm, 1e-3, 1e-6);
    std::vector<std::string> names;
    for (const auto& group : learn.optimizer().groups()) {
        for (const auto& parameter : group.parameters) names.push_back(parameter.name);
    }
    EXPECT_THAT(names, ::testing::UnorderedElementsAre("tied", "a.bias", "b.weight", "b.bias"));
    EXPECT_EQ(learn.summary().parameters, 3 * 3 + 3 + 3 + 1);
    const TemporaryFolder folder;
    learn.save(folder.path() / "tied");
    learn.load(folder.path() / "tied");
}

TEST(Learner, answers_with_a_model_that_has_no_parameters) {
    struct SumImpl : torch::nn::Module {
        at::Tensor forward(const at::Tensor& x) { return x.sum(1, true); }
    };
    const auto x = torch::ones({4, 2});
    Learner learn(DataLoaders::from_tensors({{x}, {x.sum(1, true)}}, {{x}, {x.sum(1, true)}}),
                  std::make_shared<SumImpl>(), {.loss = mse_loss_flat(), .progress = false});
    EXPECT_EQ(learn.validate().loss, 0);
    EXPECT_EQ(learn.get_preds().predictions.sum().item<double>(), 8);
    EXPECT_THAT(message_of<Error>([&] { learn.fit(1); }), HasSubstr("has no parameters to train"));
}

TEST(Learner, what_is_null_is_refused_in_a_sentence) {
    EXPECT_THAT(message_of<UsageError>([] {
                    linear_learner({.callbacks = {std::make_shared<Callback>(), nullptr}});
                }),
                HasSubstr("Of 2 callbacks, number 2 is null"));
    auto learn = linear_learner();
    EXPECT_THAT(message_of<UsageError>([&] { learn.fit(1, 0.1, {.callbacks = {nullptr}}); }), HasSubstr("is null"));
    EXPECT_THAT(message_of<UsageError>([&] { learn.validate(std::vector<std::shared_ptr<Callback>>{nullptr}); }),
                HasSubstr("is null"));
    EXPECT_THAT(message_of<UsageError>([] { Learner(linear_data(), torch::nn::Linear(nullptr)); }),
                HasSubstr("A Model needs a module"));
    EXPECT_THAT(message_of<UsageError>([] { Learner(linear_data(), std::shared_ptr<torch::nn::LinearImpl>()); }),
                HasSubstr("A Model needs a module"));
    EXPECT_THAT(message_of<UsageError>([] { Model(torch::nn::Linear(1, 1).ptr(), Model::Forward()); }),
                HasSubstr("A Model needs a module"));
}

TEST(Learner, a_fit_without_gradients_is_refused) {
    auto learn = linear_learner();
    const auto before = weights(learn);
    {
        const torch::NoGradGuard no_grad;
        EXPECT_THAT(message_of<Error>([&] { learn.fit(1, 0.1); }), HasSubstr("under a NoGradGuard"));
    }
    {
        const c10::InferenceMode inference;
        EXPECT_THAT(message_of<Error>([&] { learn.fit(1, 0.1); }), HasSubstr("inference mode"));
    }
    EXPECT_TRUE(weights(learn).equal(before));
    learn.fit(1, 0.1);
}

TEST(Learner, a_loss_that_cannot_give_rows_is_refused_where_rows_have_weights) {
    const Loss mean("mine", [](const Tensors& p, const Tensors& y, Reduction) { return torch::mse_loss(p[0], y[0]); });
    const auto x = torch::randn({8, 3});
    const DataLoader weighted({.inputs = {x}, .targets = {x.sum(1, true)}, .weights = torch::rand({8})});
    Learner learn(DataLoaders(weighted, std::nullopt), torch::nn::Linear(3, 1), {.loss = mean, .progress = false});
    EXPECT_THAT(message_of<Error>([&] { learn.fit(1); }),
                AllOf(HasSubstr("The mine loss gave a tensor of shape []"), HasSubstr("one number a row, [8]")));
}

}  // namespace learner_test
}  // namespace embark
