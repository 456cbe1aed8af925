#include <embark/callbacks/parallel/data_parallel.h>

#include <thread>

#include <torch/torch.h>

#include <embark/callbacks/checkpoint/detail/checkpointer.h>
#include <embark/callbacks/checkpoint/save_model.h>
#include <embark/callbacks/early_stopping.h>
#include <embark/callbacks/gradient_accumulation.h>
#include <embark/callbacks/gradient_clip.h>
#include <embark/callbacks/terminate_on_nan.h>
#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/core/state_dict.h>
#include <embark/learners/learner.h>
#include <embark/modules/dot_product.h>
#include <embark/modules/tabular_model.h>
#include <embark/optim/optimizers.h>

#include "fit_results.h"
#include "ranks.h"

// What the processes of data_parallel_test.cpp do; each scenario writes "<size>.safetensors" in the test's folder.
namespace embark::testing {
namespace data_parallel_scenarios {

namespace fs = std::filesystem;
using Callbacks = std::vector<std::shared_ptr<Callback>>;

constexpr int64_t kUsers = 300, kItems = 500;

TensorDataset made_ratings(int64_t rows) {
    const auto generator = at::detail::createCPUGenerator(5);
    const auto users = torch::randint(kUsers, {rows}, generator, at::kLong);
    const auto items = torch::randint(kItems, {rows}, generator, at::kLong);
    const auto noise = torch::rand({rows, 1}, generator);
    const auto ratings = ((users * 7 + items * 13) % 5).unsqueeze(1).to(at::kFloat) * 0.8 + noise;
    return {.inputs = {torch::stack({users, items}, 1)}, .targets = {ratings}};
}

/// A table with classes: a category, three numbers.
TensorDataset made_rows(int64_t rows) {
    const auto generator = at::detail::createCPUGenerator(6);
    const auto category = torch::randint(1, 9, {rows, 1}, generator, at::kLong);
    const auto numbers = torch::randn({rows, 3}, generator);
    const auto target = (numbers.select(1, 0) + category.select(1, 0) * 0.2 > 1).to(at::kLong);
    return {.inputs = {category, numbers}, .targets = {target}};
}

DataLoaders loaders(const TensorDataset& data, int64_t valid, bool drop_last = false, int64_t batch_size = 64) {
    const int64_t train = data.size() - valid;
    return DataLoaders(DataLoader(data.take(torch::arange(train)),
                                  {.batch_size = batch_size, .shuffle = true, .drop_last = drop_last}),
                       DataLoader(data.take(torch::arange(train, data.size())), {.batch_size = 100}));
}

void fit_ratings(const fs::path& folder, LearnerOptions options, DataParallelOptions parallel = {},
                 bool drop_last = false) {
    set_seed(world_size() == 1 ? 3 : static_cast<uint64_t>(3 + ProcessGroup::from_environment()->rank()));
    options.loss = mse_loss_flat();
    options.metrics = {rmse(), mae(), r2_score()};
    options.progress = false;
    options.callbacks.push_back(data_parallel(parallel));
    Learner learn(loaders(made_ratings(6'350), 1'350, drop_last),
                  DotProductBias(DotProductOptions{kUsers, kItems, 16, {0, 5.5}}), options);
    learn.fit_one_cycle(2, 5e-3, {.weight_decay = 0.1});
    write_fit(learn, folder);
}

const RegisterScenario fused("fused", [](const fs::path& folder) { fit_ratings(folder, {}); });
const RegisterScenario autograd("autograd", [](const fs::path& folder) { fit_ratings(folder, {.fused_step = false}); });
const RegisterScenario small_buckets("small_buckets", [](const fs::path& folder) {
    fit_ratings(folder, {.fused_step = false}, {.bucket_mb = 1e-6, .sparse_embeddings = false});
});
const RegisterScenario lazy("lazy", [](const fs::path& folder) {
    fit_ratings(folder, {.fused_step = false, .embedding_update = EmbeddingUpdate::lazy});
});
const RegisterScenario padded("padded", [](const fs::path& folder) {
    fit_ratings(folder, {.fused_step = false}, {.pad = true}, /*drop_last=*/true);
});
const RegisterScenario clipped("clipped", [](const fs::path& folder) {
    fit_ratings(folder, {.callbacks = {std::make_shared<GradientClip>(GradientClipOptions{.max_norm = 0.01}),
                                       std::make_shared<TerminateOnNaN>()}});
});
const RegisterScenario accumulated("accumulated", [](const fs::path& folder) {
    fit_ratings(folder,
                {.callbacks = {std::make_shared<GradientAccumulation>(GradientAccumulationOptions{.n_acc = 200})}});
});

Learner table_learner(const DataLoaders& dls, bool batch_norm, Callbacks callbacks, double dropout = 0) {
    callbacks.push_back(data_parallel());
    return Learner(dls,
                   TabularModel(TabularModelOptions{.embeddings = {{10, 4}},
                                                    .n_cont = 3,
                                                    .outputs = {{2, true}},
                                                    .layers = {20, 10},
                                                    .ps = {dropout},
                                                    .use_bn = batch_norm,
                                                    .bn_cont = batch_norm}),
                   {.loss = cross_entropy_loss_flat(),
                    .metrics = {accuracy(), roc_auc_binary()},
                    .callbacks = std::move(callbacks),
                    .progress = false});
}

const RegisterScenario table("table", [](const fs::path& folder) {
    set_seed(3);
    Learner learn = table_learner(loaders(made_rows(3'001), 1'000), false, {});
    learn.fit_one_cycle(1, 1e-2);
    write_fit(learn, folder);
});

/// Batch norm over the rows of all processes: an epoch in float64, or one step of plain gradient descent in float32.
void fit_with_batch_norm(const fs::path& folder, bool one_step) {
    set_seed(3);
    auto data = made_rows(one_step ? 66 : 3'001);
    if (!one_step) data.inputs[1] = data.inputs[1].to(at::kDouble);
    const TabularModel model(TabularModelOptions{
        .embeddings = {{10, 4}}, .n_cont = 3, .outputs = {{2, true}}, .layers = {20, 10}, .bn_final = true});
    if (!one_step) model.ptr()->to(at::kDouble);
    Learner learn(loaders(data, one_step ? 3 : 1'000), model,
                  {.loss = cross_entropy_loss_flat(),
                   .optimizer = one_step ? sgd() : adam(),
                   .callbacks = {data_parallel({.sync_batch_norm = true})},
                   .progress = false});
    one_step ? learn.fit(1, 1.0) : learn.fit_one_cycle(1, 1e-2);
    write_fit(learn, folder);
}
const RegisterScenario batch_norm("batch_norm", [](const fs::path& folder) { fit_with_batch_norm(folder, false); });
const RegisterScenario batch_norm_step("batch_norm_step",
                                       [](const fs::path& folder) { fit_with_batch_norm(folder, true); });

const RegisterScenario best_model("best_model", [](const fs::path& folder) {
    set_seed(3);
    const auto path = folder / concat("best-", world_size(), ".safetensors");
    auto data = made_rows(1'001);
    data.inputs[1] = data.inputs[1].to(at::kDouble);  // over many epochs rounding grows
    Learner learn = table_learner(loaders(data, 500), false,
                                  {std::make_shared<SaveModel>(SaveModelOptions{.path = path}),
                                   std::make_shared<EarlyStopping>(EarlyStoppingOptions{.patience = 2})});
    learn.model().module().to(at::kDouble);
    learn.fit(30, 0.3);
    require(!learn.stop_reason().empty(), "nothing stopped the fit");
    write_fit(learn, folder);
});

/// Asks rank 1 alone to stop, as a signal would.
class StopOneRank : public Callback {
public:
    std::stop_token token() const { return source_.get_token(); }
    void after_step(TrainingState& state) override {
        if (state.train_iter == 11 && state.strategy->share().rank == 1) source_.request_stop();
    }

private:
    std::stop_source source_;
};

/// A fit of dropout and batch norm with accumulation that is stopped and resumed, beside one that was not.
const RegisterScenario resumed("resumed", [](const fs::path& folder) {
    const auto learner = [](Callbacks callbacks) {
        set_seed(3);
        callbacks.push_back(std::make_shared<TerminateOnNaN>());
        return table_learner(loaders(made_rows(1'001), 500, true, 60), true, std::move(callbacks), 0.3);
    };
    Learner whole = learner({});
    whole.fit_one_cycle(3, 1e-2);
    write_fit(whole, folder, "whole.safetensors");

    const CheckpointOptions checkpoint{.dir = folder / "checkpoints", .every = 4, .resume = true};
    const auto stop = std::make_shared<StopOneRank>();
    Learner first = learner({});
    first.fit_one_cycle(3, 1e-2, {.callbacks = {stop}, .stop = stop->token(), .checkpoint = checkpoint});
    require(!first.stop_reason().empty(), "nothing stopped the fit");
    Learner second = learner({});
    second.fit_one_cycle(3, 1e-2, {.callbacks = {std::make_shared<StopOneRank>()}, .checkpoint = checkpoint});
    write_fit(second, folder, "resumed.safetensors");
});

const RegisterScenario other_data("other_data", [](const fs::path&) {
    auto data = made_rows(1'001);
    if (ProcessGroup::from_environment()->rank() == 1) data = data.take(torch::arange(1'000));
    table_learner(loaders(data, 500), false, {}).fit(1);
});
const RegisterScenario other_values("other_values", [](const fs::path&) {
    auto data = made_rows(1'001);
    if (ProcessGroup::from_environment()->rank() == 1) data.inputs[1][700][2] += 1;
    table_learner(loaders(data, 500), false, {}).fit(1);
});
const RegisterScenario other_model("other_model", [](const fs::path&) {
    table_learner(loaders(made_rows(1'001), 500), ProcessGroup::from_environment()->rank() == 1, {}).fit(1);
});

const RegisterScenario nan("nan", [](const fs::path& folder) {
    set_seed(3);
    auto data = made_rows(1'001);
    data.inputs[1][77][0] = std::numeric_limits<float>::quiet_NaN();
    Learner learn = table_learner(loaders(data, 500), false, {std::make_shared<TerminateOnNaN>()});
    learn.fit(2);
    require(learn.stop_reason().find("the loss is nan") != std::string::npos, "it ended with: ", learn.stop_reason());
    write_fit(learn, folder);
});

/// A strategy of a user's own, over messages that in truth are a ProcessGroup's.
class OwnStrategy : public Strategy {
public:
    Share share() const override { return group_ ? group_->share() : Share{}; }
    Exchange start_all_reduce(const at::Tensor& values, Reduce how) override {
        group_->start_all_reduce(values, how).wait();
        return Exchange([this] { ++waited_; });
    }
    void broadcast(at::Tensor& values, int64_t from) override {
        if (group_) group_->broadcast(values, from);
    }
    Tensors all_gather_equal(const at::Tensor& rows) override { return group_->all_gather_equal(rows); }
    Tensors all_to_all(const Tensors& rows, const std::vector<int64_t>& to_get) override {
        return group_->all_to_all(rows, to_get);
    }
    int64_t waited() const { return waited_; }

private:
    std::shared_ptr<ProcessGroup> group_ = ProcessGroup::from_environment();
    int64_t waited_ = 0;
};
const RegisterScenario own_strategy("own_strategy", [](const fs::path& folder) {
    const auto strategy = std::make_shared<OwnStrategy>();
    fit_ratings(folder, {}, {.strategy = strategy});
    require((strategy->waited() > 0) == (world_size() > 1), "it was not the strategy");
});

/// Adds to the loss, as a penalty would.
class Penalty : public Callback {
public:
    bool needs_autograd() const override { return true; }
    void after_loss(TrainingState& state) override { state.loss = state.loss + 0.5; }
};
const RegisterScenario penalty("penalty", [](const fs::path& folder) {
    fit_ratings(folder, {.callbacks = {std::make_shared<Penalty>()}});
});

/// A table some of whose rows are ignored by a loss with class weights, in batches so small that some process has
/// ignored rows alone.
void fit_weighted_classes(const fs::path& folder, Callbacks callbacks) {
    set_seed(3);
    auto data = made_rows(1'203);
    data.targets[0].masked_fill_(torch::rand({1'203}, at::detail::createCPUGenerator(7)) < 0.3, -1);
    callbacks.push_back(data_parallel());
    Learner learn(loaders(data, 200, false, 12),
                  TabularModel(TabularModelOptions{.embeddings = {{10, 4}},
                                                   .n_cont = 3,
                                                   .outputs = {{2, true}},
                                                   .layers = {8},
                                                   .use_bn = false,
                                                   .bn_cont = false}),
                  {.loss = cross_entropy_loss_flat({.weight = {0.2, 3}, .ignore_index = -1}),
                   .optimizer = sgd(),
                   .callbacks = std::move(callbacks),
                   .progress = false});
    learn.fit(1, 0.1);
    write_fit(learn, folder);
}
const RegisterScenario weighted_classes("weighted_classes",
                                        [](const fs::path& folder) { fit_weighted_classes(folder, {}); });
const RegisterScenario weighted_accumulated("weighted_accumulated", [](const fs::path& folder) {
    fit_weighted_classes(folder, {std::make_shared<GradientAccumulation>(GradientAccumulationOptions{.n_acc = 36})});
});

/// Trains all groups from the second epoch on.
class UnfreezeLater : public Callback {
public:
    void before_epoch(TrainingState& state) override {
        if (state.epoch != 1) return;
        for (auto& parameter : state.model->parameters()) parameter.set_requires_grad(true);
    }
};

DataLoaders line(int64_t rows, int64_t batch_size) {
    const auto x = torch::randn({rows, 4}, at::detail::createCPUGenerator(8));
    return DataLoaders(DataLoader({.inputs = {x}, .targets = {x.sum(1, true).tanh()}}, {.batch_size = batch_size}),
                       std::nullopt);
}

/// A learner of two groups of parameters.
Learner two_groups(Callbacks callbacks, int64_t rows = 500) {
    set_seed(3);
    callbacks.push_back(data_parallel());
    return Learner(line(rows, 64),
                   torch::nn::Sequential(torch::nn::Linear(4, 8), torch::nn::ReLU(), torch::nn::Linear(8, 1)),
                   {.loss = mse_loss_flat(),
                    .callbacks = std::move(callbacks),
                    .param_groups = {{"0"}, {"2"}},
                    .progress = false});
}
const RegisterScenario unfrozen("unfrozen", [](const fs::path& folder) {
    Learner learn = two_groups({std::make_shared<UnfreezeLater>()});
    learn.freeze();
    learn.fit(3, 0.01);
    write_fit(learn, folder);
});

const RegisterScenario fine_tuned("fine_tuned", [](const fs::path& folder) {
    const auto stop = std::make_shared<StopOneRank>();
    Learner learn = two_groups({stop});
    learn.fine_tune(3, 0.01, {.freeze_epochs = 4, .fit = {.stop = stop->token()}});
    require(learn.stop_reason().starts_with("asked to stop"), "it ended with: ", learn.stop_reason());
    require(learn.records().epochs.size() < 4, "the fit was not the first one, which was stopped");
    write_fit(learn, folder);
});

/// Batches of 64 rows and a last one of 3, where batch norm is each process's own.
const RegisterScenario one_row("one_row", [](const fs::path& folder) {
    set_seed(3);
    Learner learn = table_learner(loaders(made_rows(64 + 3 + 100), 100), true, {});
    learn.fit(2, 0.01);
    require(std::isfinite(learn.records().losses.back()), "the loss is ", learn.records().losses.back());
    write_fit(learn, folder);
});

const RegisterScenario for_one_fit("for_one_fit", [](const fs::path&) {
    set_seed(3);
    Learner learn(line(100, 20), torch::nn::Linear(4, 1), {.loss = mse_loss_flat(), .progress = false});
    require(learn.is_main_process(), "a learner by itself is not the main process");
    learn.fit(1, 0.01, {.callbacks = {data_parallel()}});
    const bool is_main = ProcessGroup::from_environment()->rank() == 0;
    require(learn.is_main_process() == is_main, "who prints and saves is not known after the fit");
});

/// What a step of a large table sends, by rows and whole.
const RegisterScenario large_table("large_table", [](const fs::path& folder) {
    constexpr int64_t kRows = 1'000'000;
    std::vector<double> sent;
    for (const bool sparse : {true, false}) {
        set_seed(3);
        const auto ids = torch::randint(kRows, {2'048, 1}, at::kLong);
        const DataLoaders dls(
            DataLoader({.inputs = {ids}, .targets = {torch::rand({2'048, 1})}}, {.batch_size = 1'024}), std::nullopt);
        const auto parallel = data_parallel({.sparse_embeddings = sparse});
        Learner learn(
            dls, torch::nn::Sequential(torch::nn::Embedding(kRows, 8), torch::nn::Flatten(), torch::nn::Linear(8, 1)),
            {.loss = mse_loss_flat(), .optimizer = sgd(), .callbacks = {parallel}, .progress = false});
        learn.fit(1);
        sent.push_back(parallel->bytes_per_step());
    }
    StateDict result;
    result.set("bytes", sent);
    if (ProcessGroup::from_environment()->is_main_process())
        save_safetensors(folder / "bytes.safetensors", result.content());
});

}  // namespace data_parallel_scenarios
}  // namespace embark::testing
