#include <torch/torch.h>

#include <embark/callbacks/checkpoint/detail/checkpointer.h>
#include <embark/callbacks/parallel/data_parallel.h>
#include <embark/callbacks/training_state.h>
#include <embark/data/tabular/tabular.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/tabular_learner.h>

#include "fit_results.h"
#include "ranks.h"

// What the processes of stream_test.cpp do: fits of rows that each process reads its own share of. The test has written
// "ratings" and "people", folders of Parquet files.
namespace embark::testing {
namespace stream_scenarios {

namespace fs = std::filesystem;
using Callbacks = std::vector<std::shared_ptr<Callback>>;

constexpr int64_t kAllRows = 1'000'000;

LearnerOptions quiet(Callbacks callbacks = {}) {
    callbacks.push_back(data_parallel());
    return {.metrics = {rmse(), r2_score()}, .callbacks = std::move(callbacks), .progress = false};
}

CollabLearner ratings_learner(const fs::path& folder, int64_t batch_size, Callbacks callbacks = {}) {
    const auto dls = CollabDataLoaders::from_parquet(
        folder / "ratings", {.batch_size = batch_size, .valid_batch_size = 37}, {.shuffle_buffer = 300});
    set_seed(3);
    return collab_learner(dls, {.n_factors = 8, .y_range = {0, 5.5}}, quiet(std::move(callbacks)));
}

const RegisterScenario whole("streamed_ratings", [](const fs::path& folder) {
    auto learn = ratings_learner(folder, kAllRows);
    learn.fit_one_cycle(5, 5e-2, {.weight_decay = 0.1});
    write_fit(learn, folder);
});

const RegisterScenario table("streamed_table", [](const fs::path& folder) {
    const auto dls = TabularDataLoaders::from_parquet(
        folder / "people",
        {.y_names = {"income"}, .hide_categories = 0, .batch_size = kAllRows, .valid_batch_size = 37},
        {.shuffle_buffer = 300});
    set_seed(3);
    auto options = quiet();
    options.metrics = {accuracy(), roc_auc_binary()};
    auto learn = tabular_learner(dls, {.layers = {20, 10}, .use_bn = false, .bn_cont = false}, options);
    learn.fit_one_cycle(5, 1e-2);
    write_fit(learn, folder);
});

/// Asks rank 0 to stop in the middle of the second epoch.
class StopLater : public Callback {
public:
    int order() const override { return 99; }
    void after_batch(TrainingState& state) override {
        if (state.training && state.is_main_process() && state.train_iter == 40) source_.request_stop();
    }
    std::stop_token token() const { return source_.get_token(); }

private:
    std::stop_source source_;
};

const RegisterScenario resumed("streamed_resumed", [](const fs::path& folder) {
    auto undisturbed = ratings_learner(folder, 50);
    undisturbed.fit_one_cycle(2, 5e-3);
    write_fit(undisturbed, folder, "whole.safetensors");

    const auto stop = std::make_shared<StopLater>();
    const CheckpointOptions checkpoint{.dir = folder / "checkpoint", .resume = true};
    ratings_learner(folder, 50, {stop}).fit_one_cycle(2, 5e-3, {.stop = stop->token(), .checkpoint = checkpoint});
    auto again = ratings_learner(folder, 50);
    again.fit_one_cycle(2, 5e-3, {.checkpoint = checkpoint});
    write_fit(again, folder, "resumed.safetensors");
});

}  // namespace stream_scenarios
}  // namespace embark::testing
