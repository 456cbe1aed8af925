#include <embark/callbacks/checkpoint/checkpoint_options.h>
#include <embark/callbacks/early_stopping.h>
#include <embark/callbacks/ema.h>
#include <embark/callbacks/gradient_accumulation.h>
#include <embark/callbacks/training_state.h>
#include <embark/learners/learner.h>

#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/safetensors.h>
#include <embark/core/state_dict.h>
#include <embark/optim/model_state.h>

#include "test_files.h"

namespace embark {
namespace forged_checkpoint_test {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Five training batches an epoch; gradients are accumulated over two of them.
Learner small_learner() {
    torch::manual_seed(3);
    const auto x = torch::randn({20, 3}), y = torch::randn({20, 1});
    const auto dls = DataLoaders::from_tensors({{x}, {y}}, {{x.slice(0, 0, 6)}, {y.slice(0, 0, 6)}}, {.batch_size = 4});
    const torch::nn::Sequential model(torch::nn::Linear(3, 2), torch::nn::Dropout(0.3), torch::nn::Linear(2, 1));
    return Learner(dls, model,
                   {.loss = mse_loss_flat(),
                    .metrics = {rmse()},
                    .callbacks = {ema(), gradient_accumulation({.n_acc = 8}),
                                  early_stopping({.patience = 9, .restore_best = true})},
                    .progress = false});
}

void fit(Learner& learn, const CheckpointOptions& checkpoint, std::stop_token stop = {}) {
    learn.fit_one_cycle(3, 0.05, {.stop = std::move(stop), .checkpoint = checkpoint});
}

/// Asks to stop after the seventh training batch, in the second epoch, between two steps.
struct StopInTheMiddle : Callback {
    void after_batch(TrainingState& state) override {
        if (state.training && state.train_iter == 6) source.request_stop();
    }
    std::stop_source source;
};

/// The checkpoint of a fit that was stopped in the middle, and what is resumed after somebody has changed it: with a
/// right checksum, as whoever can make a file can make one.
class ForgedCheckpoint : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        const TemporaryFolder folder;
        auto learn = small_learner();
        const auto stop = std::make_shared<StopInTheMiddle>();
        learn.add_callback(stop);
        fit(learn, {.dir = folder.path()}, stop->source.get_token());
        whole_ = load_safetensors(checkpoint_path(folder.path()));
        batches_ = read_file(folder.path() / kBatches);
    }

    /// What the resumed fit throws, and that it leaves all as it was; empty where it goes on.
    static std::string refusal(const TensorFile& forged) {
        const TemporaryFolder folder;
        save_safetensors(checkpoint_path(folder.path()), forged);
        folder.write(kBatches, batches_);
        auto learn = small_learner();
        const ModelState before(learn.model().module(), learn.optimizer());
        const auto random = rng_state();
        try {
            fit(learn, {.dir = folder.path(), .resume = true});
        } catch (const Error& error) {
            // Weights of 1e30 are weights: the fit goes on, and its loss is infinite.
            if (std::string_view(error.what()).starts_with("Training failed")) return {};
            const TensorFile after = ModelState(learn.model().module(), learn.optimizer()).content();
            EXPECT_EQ(after.tensors.size(), before.content().tensors.size()) << error.what();
            for (const auto& [name, tensor] : before.content().tensors) {
                EXPECT_TRUE(after.tensors.contains(name) && after.tensors.at(name).equal(tensor)) << error.what();
            }
            EXPECT_TRUE(rng_state().equal(random)) << error.what();
            return error.what();
        }
        return {};
    }

    static std::string refusal(const std::string& name, const at::Tensor& value) {
        TensorFile forged = whole_;
        EXPECT_TRUE(forged.tensors.contains(name)) << name;
        forged.tensors[name] = value;
        return refusal(forged);
    }

    static constexpr const char* kBatches = "batches.1.f64";
    static TensorFile whole_;
    static std::string batches_;
};

TensorFile ForgedCheckpoint::whole_;
std::string ForgedCheckpoint::batches_;

at::Tensor integer(int64_t value) {
    return torch::scalar_tensor(value, at::kLong);
}

at::Tensor list(const std::vector<double>& values) {
    return torch::tensor(values, at::kDouble);
}

TEST_F(ForgedCheckpoint, that_nobody_has_changed_is_resumed) {
    EXPECT_EQ(refusal(whole_), "");
}

TEST_F(ForgedCheckpoint, with_a_position_that_no_such_fit_has_is_refused) {
    EXPECT_THAT(refusal("fit.position.epoch", integer(-5)),
                HasSubstr("the saved 'epoch' is -5, and must be at least 0"));
    EXPECT_THAT(refusal("fit.position.epoch", integer(3)),
                HasSubstr("the saved 'epoch' is 3, and must be at least 0 and at most 2"));
    EXPECT_THAT(refusal("fit.position.iteration", integer(-1)), HasSubstr("the saved 'iteration' is -1"));
    EXPECT_THAT(refusal("fit.position.iteration", integer(6)), HasSubstr("the saved 'iteration' is 6"));
    EXPECT_THAT(refusal("fit.position.train_iter", integer(1)),
                HasSubstr("'train_iter', which counts those of all epochs, 1"));
    EXPECT_THAT(refusal("fit.position.phase", integer(4)), HasSubstr("the saved 'phase' is 4"));
    for (const double level : {1e8, -1.0, 0.5, 3.0, 7.0, kInfinity, std::nan("")}) {
        EXPECT_THAT(refusal("fit.position.cancelled", list({level})), HasSubstr("which is not a level of a fit"))
            << level;
    }
}

TEST_F(ForgedCheckpoint, with_random_numbers_that_no_generator_has_is_refused) {
    const auto refused = HasSubstr("the saved random numbers are");
    const at::Tensor state = whole_.tensors.at("fit.rng");
    EXPECT_THAT(refusal("fit.rng", state.new_empty({0, state.numel()})), refused);
    EXPECT_THAT(refusal("fit.rng", state.slice(0, 0, 100)), refused);
    EXPECT_THAT(refusal("fit.rng", state.to(at::kLong)), refused);
    EXPECT_THAT(refusal("fit.rng", at::zeros_like(state)), refused);
    // 8 bytes of the seed, then how many numbers are left, whether there is a seed, and which is next.
    at::Tensor beyond = state.clone();
    beyond.slice(0, 8, 12).copy_(torch::tensor({600}, at::kInt).view(at::kByte));
    beyond.slice(0, 16, 24).copy_(torch::tensor({int64_t{620}}).view(at::kByte));
    EXPECT_THAT(refusal("fit.rng", beyond), refused);
}

TEST_F(ForgedCheckpoint, of_a_later_format_is_refused) {
    TensorFile later = whole_;
    auto& about = later.metadata.at("embark_learner");
    about.replace(about.find("\"format\":1"), 10, "\"format\":2");
    EXPECT_THAT(refusal(later), HasSubstr("has format 2, and this version of Embark reads format 1"));
    about = "{}";
    EXPECT_THAT(refusal(later), HasSubstr("does not say which format it has"));
}

TEST_F(ForgedCheckpoint, with_state_that_its_callbacks_cannot_have_is_refused) {
    const auto callback = [](const std::string& name) { return "fit.callback." + name; };
    EXPECT_THAT(refusal(callback("recorder.metric.0"), list({})),
                HasSubstr("the saved 'metric.0' has 0 values, and 1 are needed"));
    EXPECT_THAT(refusal(callback("recorder.batches"), list({std::nan("")})), HasSubstr("the saved 'batches' has nan"));
    EXPECT_THAT(refusal(callback("recorder.train_seconds"), torch::scalar_tensor(kInfinity, at::kDouble)),
                HasSubstr("the saved 'train_seconds' is inf"));
    EXPECT_THAT(refusal(callback("early_stopping.wait"), integer(-1)), HasSubstr("the saved 'wait' is -1"));
    EXPECT_THAT(refusal(callback("early_stopping.best_epoch"), integer(1'000)),
                HasSubstr("the saved 'best_epoch' is 1000"));
    EXPECT_THAT(refusal(callback("early_stopping.best_model.model.0.weight"), at::zeros({2, 9})),
                HasSubstr("wrong shape [2, 9] of 0.weight"));
    EXPECT_THAT(refusal(callback("gradient_accumulation.count"), integer(8)), HasSubstr("the saved 'count' is 8"));
    EXPECT_THAT(refusal(callback("ema.kept.0.weight"), at::zeros({1, 1})),
                HasSubstr("the saved 'kept.0.weight' is Float [1, 1]"));
    EXPECT_THAT(refusal("gradient.0.weight", at::zeros({2, 3}, at::kDouble)),
                HasSubstr("the saved '0.weight' is Double [2, 3]"));
}

/// What may stand in a file in the place of `tensor`.
Tensors others_than(const at::Tensor& tensor) {
    Tensors others = {at::empty({0}),
                      at::empty({0, 5}, at::kLong),
                      at::zeros({3, 2, 1}),
                      integer(-1),
                      integer(0),
                      integer(std::numeric_limits<int64_t>::max()),
                      list({}),
                      list({1e300, -1, std::nan("")}),
                      at::full({}, kInfinity, at::kDouble),
                      at::full({}, -1e300, at::kDouble),
                      at::ones({7}, at::kByte),
                      at::ones({}, at::kBool),
                      tensor.unsqueeze(0),
                      tensor.flatten().repeat({2}),
                      tensor.to(at::kHalf),
                      tensor.to(tensor.scalar_type() == at::kLong ? at::kDouble : at::kLong)};
    if (tensor.is_floating_point()) others.push_back(tensor.to(at::kDouble).mul(-1e30).to(tensor.scalar_type()));
    return others;
}

TEST_F(ForgedCheckpoint, with_anything_in_the_place_of_one_value_goes_on_or_is_refused_and_changes_nothing) {
    int refused = 0, all = 0;
    for (const auto& [name, tensor] : whole_.tensors) {
        SCOPED_TRACE(name);
        TensorFile without = whole_;
        without.tensors.erase(name);
        refused += !refusal(without).empty();
        ++all;
        for (const auto& other : others_than(tensor)) {
            refused += !refusal(name, other).empty();
            ++all;
        }
    }
    EXPECT_GT(refused, all * 9 / 10);
    const auto with_hyper = [](const char* name, const char* value) {
        TensorFile forged = whole_;
        for (auto& [key, text] : forged.metadata) {
            const size_t at = text.find(concat('"', name, "\":"));
            if (at == text.npos) continue;
            const size_t begin = at + std::string_view(name).size() + 3;
            text.replace(begin, text.find_first_of(",}", begin) - begin, value);
        }
        return refusal(forged);
    };
    EXPECT_THAT(with_hyper("lr", "-1"), HasSubstr("its hyper-parameter 'lr' is -1, and must be at least 0"));
    EXPECT_THAT(with_hyper("mom", "5"), HasSubstr("its hyper-parameter 'mom' is 5, and must be from 0 to 1"));
    for (const auto& [name, text] : whole_.metadata) {
        SCOPED_TRACE(name);
        for (const std::string other : {"", "[]", "{\"format\":1,\"hyper\":[[]]}", "\x1b[2J"}) {
            TensorFile forged = whole_;
            forged.metadata[name] = other;
            refusal(forged);
        }
    }
}

}  // namespace forged_checkpoint_test
}  // namespace embark
