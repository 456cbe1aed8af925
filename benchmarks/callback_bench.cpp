#include "callback_bench.h"

#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include <torch/torch.h>

#include <embark/embark.h>

#include "movielens.h"
#include "plain_collab.h"
#include "scratch.h"

namespace embark::bench {

namespace {

/// More than one, so that what an epoch leaves for the next counts.
constexpr int64_t kEpochs = 3;

/// Sends every event on to another callback, and adds up the time that this takes.
class Metered : public Callback {
public:
    explicit Metered(std::shared_ptr<Callback> callback) : callback_(std::move(callback)) {}
    int order() const override { return callback_->order(); }
    std::string name() const override { return callback_->name(); }
    bool needs_autograd() const override { return callback_->needs_autograd(); }

    /// Seconds within the epochs: what is done once a fit does not count.
    double seconds() const { return std::chrono::duration<double>(spent_).count(); }

#define EMBARK_METERED(event)                                                            \
    void event(TrainingState& state) override {                                          \
        const auto begun = Clock::now();                                                 \
        callback_->event(state);                                                         \
        if (!std::string_view(#event).ends_with("_fit")) spent_ += Clock::now() - begun; \
    }
    EMBARK_EVENTS(EMBARK_METERED)
#undef EMBARK_METERED

private:
    using Clock = std::chrono::steady_clock;
    std::shared_ptr<Callback> callback_;
    Clock::duration spent_{};
};

using Make = std::function<std::shared_ptr<Callback>()>;

/// Every callback, as its users would have it; files go to `folder`.
std::map<std::string, Make> callbacks(const std::filesystem::path& folder, std::FILE* nowhere) {
    const Schedules one_cycle = {{"lr", combined_cos(0.25, kLearningRate / 25, kLearningRate, kLearningRate / 1e5)},
                                 {"mom", combined_cos(0.25, 0.95, 0.85, 0.95)}};
    return {
        {"nothing", [] { return std::make_shared<Callback>(); }},
        {"recorder", [] { return std::make_shared<Recorder>(std::vector<Metric>{rmse()}); }},
        {"progress", [=] { return progress({.stream = nowhere}); }},
        {"param_scheduler", [=] { return param_scheduler(one_cycle); }},
        {"early_stopping", [] { return early_stopping(); }},
        {"reduce_lr_on_plateau", [] { return reduce_lr_on_plateau(); }},
        {"save_model", [=] { return save_model({.path = folder / "best.safetensors"}); }},
        {"csv_logger", [=] { return csv_logger({.path = folder / "history.csv"}); }},
        {"tensor_board", [=] { return tensorboard(folder / "runs"); }},
        {"short_epoch", [] { return short_epoch({.pct = 1}); }},
        {"gradient_accumulation", [] { return gradient_accumulation({.n_acc = kBatchSize}); }},
        {"mixed_precision", [] { return mixed_precision(AmpMode::bf16); }},
        {"terminate_on_nan", [] { return terminate_on_nan(); }},
        {"gradient_clip", [] { return gradient_clip(); }},
    };
}

}  // namespace

nlohmann::json callback_cost(const Options& options) {
    const auto dls = movielens(options.data);
    const LearnerOptions settings = {.loss = mse_loss_flat(), .weight_decay = kWeightDecay, .progress = false};
    const auto learner = [&] { return Learner(dls, rating_net(dls), settings); };
    // What collab_learner trains: there gradients are those of the rows that a batch touches.
    const auto fused_learner = [&] {
        return Learner(dls,
                       DotProductBias(DotProductOptions{.n_users = dls.users().size(),
                                                        .n_items = dls.items().size(),
                                                        .n_factors = kFactors,
                                                        .y_range = kRange}),
                       settings);
    };
    const auto seconds_in = [](Learner learn, const Make& make) {
        const auto metered = std::make_shared<Metered>(make());
        learn.fit(kEpochs, kLearningRate, {.callbacks = {metered}});
        return metered->seconds() / kEpochs;
    };
    const Scratch scratch;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> nowhere(std::fopen("/dev/null", "w"), std::fclose);

    learner().fit(1, kLearningRate);  // warms up caches and threads
    std::map<std::string, std::vector<double>> spent, spent_fused;
    std::vector<double> epochs;
    for (int repeat = 0; repeat < options.repeats; ++repeat) {
        epochs.push_back(time_of([&] { learner().fit(1, kLearningRate); }).wall);
        for (const auto& [name, make] : callbacks(scratch.path(), nowhere.get())) {
            spent[name].push_back(seconds_in(learner(), make));
            if (make()->needs_autograd()) continue;
            spent_fused[name].push_back(seconds_in(fused_learner(), make));
        }
    }
    return {{"epoch_seconds", epochs}, {"callback_seconds", spent}, {"fused_callback_seconds", spent_fused}};
}

}  // namespace embark::bench
