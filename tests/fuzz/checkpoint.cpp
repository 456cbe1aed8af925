#include <embark/callbacks/checkpoint/checkpoint_options.h>
#include <embark/callbacks/early_stopping.h>
#include <embark/callbacks/ema.h>
#include <embark/callbacks/gradient_accumulation.h>
#include <embark/callbacks/training_state.h>
#include <embark/core/file.h>
#include <embark/learners/learner.h>

#include <fstream>

#include <torch/torch.h>

#include "harness.h"
#include "tensors.h"
#include "test_files.h"

namespace embark::fuzz {

namespace {

/// Stops a fit after its third training batch.
struct StopEarly : Callback {
    void after_batch(TrainingState& state) override;
    std::stop_source source;
    int left = 3;
};

void StopEarly::after_batch(TrainingState&) {
    if (--left == 0) source.request_stop();
}

Learner small_learner(std::vector<std::shared_ptr<Callback>> more = {}) {
    torch::manual_seed(3);
    const auto x = torch::randn({8, 2}), y = torch::randn({8, 1});
    const auto dls = DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 4});
    std::vector<std::shared_ptr<Callback>> callbacks = {ema(), gradient_accumulation({.n_acc = 8}), early_stopping()};
    callbacks.insert(callbacks.end(), more.begin(), more.end());
    return Learner(
        dls, torch::nn::Linear(2, 1),
        {.loss = mse_loss_flat(), .metrics = {rmse()}, .callbacks = std::move(callbacks), .progress = false});
}

/// A checkpoint in a folder, and what was recorded of batches beside it.
const testing::TemporaryFolder& checkpoint_folder() {
    static const testing::TemporaryFolder folder;
    static const bool made = [] {
        const auto stop = std::make_shared<StopEarly>();
        auto learn = small_learner({stop});
        learn.fit(2, 0.1, {.stop = stop->source.get_token(), .checkpoint = {.dir = folder.path()}});
        return true;
    }();
    static_cast<void>(made);
    return folder;
}

void resume(std::string_view bytes) {
    const std::filesystem::path& dir = checkpoint_folder().path();
    const testing::TemporaryFolder copy;
    std::filesystem::copy(dir, copy.path());
    const std::string forged = with_checksum(bytes);
    std::ofstream(checkpoint_path(copy.path()), std::ios::binary) << forged;
    auto learn = small_learner();
    learn.fit(2, 0.1, {.checkpoint = {.dir = copy.path(), .resume = true}});
}

}  // namespace

std::vector<Harness> checkpoint_harnesses() {
    const auto seeds = [] { return std::vector{read_file(checkpoint_path(checkpoint_folder().path()))}; };
    return {{"checkpoint", seeds, resume, forged_tensor_file}};
}

}  // namespace embark::fuzz
