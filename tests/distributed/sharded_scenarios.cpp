#include <cmath>
#include <csignal>
#include <set>
#include <thread>

#include <sys/resource.h>
#include <torch/torch.h>

#include <embark/callbacks/checkpoint/save_model.h>
#include <embark/callbacks/gradient_accumulation.h>
#include <embark/callbacks/gradient_clip.h>
#include <embark/callbacks/parallel/data_parallel.h>
#include <embark/callbacks/short_epoch.h>
#include <embark/callbacks/terminate_on_nan.h>
#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/state_dict.h>
#include <embark/data/csv/csv.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/export/exported_model.h>
#include <embark/modules/dot_product.h>
#include <embark/optim/optimizers.h>

#include "ranks.h"

// What the processes of sharded_test.cpp do.
namespace embark::testing {
namespace sharded_scenarios {

namespace fs = std::filesystem;

constexpr int64_t kUsers = 301, kItems = 203;

std::shared_ptr<ProcessGroup> group() {
    return ProcessGroup::from_environment();
}

int64_t world_size() {
    return group() ? group()->size() : 1;
}

/// Loaders of made-up ratings, of 5,000 rows to train on and `valid` to validate with.
DataLoaders loaders(int64_t valid = 1'350) {
    const int64_t rows = 5'000 + valid;
    const auto generator = at::detail::createCPUGenerator(5);
    const auto users = torch::randint(kUsers, {rows}, generator, at::kLong);
    const auto items = torch::randint(kItems, {rows}, generator, at::kLong);
    const auto noise = torch::rand({rows, 1}, generator);
    const auto ratings = ((users * 7 + items * 13) % 5).unsqueeze(1).to(at::kFloat) * 0.8 + noise;
    const TensorDataset data{.inputs = {torch::stack({users, items}, 1)}, .targets = {ratings}};
    return DataLoaders(DataLoader(data.take(torch::arange(5'000)), {.batch_size = 64, .shuffle = true}),
                       DataLoader(data.take(torch::arange(5'000, rows)), {.batch_size = 100}));
}

struct FitSettings {
    bool sharded = true;
    OptimizerFactory optimizer = adagrad();
    std::vector<std::shared_ptr<Callback>> callbacks = {};
};

Learner learner(FitSettings settings) {
    set_seed(world_size() == 1 ? 3 : static_cast<uint64_t>(3 + group()->rank()));
    const DotProductOptions sizes{kUsers, kItems, 16, {0, 5.5}};
    settings.callbacks.push_back(data_parallel());
    return Learner(loaders(), settings.sharded ? Model(ShardedDotProduct(sizes)) : Model(DotProductBias(sizes)),
                   {.loss = mse_loss_flat(),
                    .optimizer = settings.optimizer,
                    .metrics = {rmse(), r2_score()},
                    .callbacks = settings.callbacks,
                    .progress = false,
                    .fused_step = false,
                    .embedding_update = EmbeddingUpdate::lazy});
}

/// Saves model and optimizer as "<name>.safetensors", and beside it the losses and metrics of the fit.
void write(Learner& learn, const fs::path& folder, const std::string& name) {
    learn.save(folder / (name + ".safetensors"));
    StateDict result;
    result.set("losses", learn.records().losses);
    for (const auto& row : learn.records().epochs) {
        std::vector<double> figures = {row.train_loss, row.valid_loss};
        figures.insert(figures.end(), row.metrics.begin(), row.metrics.end());
        result.set(concat("epoch.", row.epoch), figures);
    }
    if (learn.is_main_process()) save_safetensors(folder / (name + "-records.safetensors"), result.content());
}

void fit(const fs::path& folder, const std::string& name, const FitSettings& settings) {
    Learner learn = learner(settings);
    learn.fit_one_cycle(2, 0.05, {.weight_decay = 0.1});
    write(learn, folder, concat(name, "-", world_size()));
}

/// With one process the same fit of ordinary tables too.
void fit_both(const fs::path& folder, const OptimizerFactory& optimizer) {
    fit(folder, "sharded", {.optimizer = optimizer});
    if (world_size() == 1) fit(folder, "plain", {.sharded = false, .optimizer = optimizer});
}

const RegisterScenario with_adagrad("sharded_adagrad", [](const fs::path& folder) { fit_both(folder, adagrad()); });
const RegisterScenario with_adam("sharded_adam", [](const fs::path& folder) { fit_both(folder, adam()); });
const RegisterScenario with_sgd("sharded_sgd",
                                [](const fs::path& folder) { fit_both(folder, sgd({.momentum = 0.9})); });
/// The first values of tables of several sizes; each process writes its rows.
const RegisterScenario first_values("sharded_values", [](const fs::path& folder) {
    set_seed(world_size() == 1 ? 7 : static_cast<uint64_t>(7 + group()->rank()));
    StateDict values;
    for (const auto& [rows, width] : {std::pair(4, 1), std::pair(5, 3), std::pair(70'001, 9), std::pair(40'000, 32)}) {
        ShardedEmbedding table(rows, width);
        values.set(concat(rows, " normal"), table->weight);
        table->trunc_normal_();
        values.set(concat(rows, " truncated"), table->weight);
    }
    values.set("next", torch::rand({3}));
    const int64_t rank = group() ? group()->rank() : 0;
    save_safetensors(folder / concat("values-", rank, "-of-", world_size(), ".safetensors"), values.content());
});

/// Looks rows up, with gradients; writes what an embedding with the same table does in the same process.
const RegisterScenario lookups("sharded_lookups", [](const fs::path&) {
    set_seed(11);
    torch::nn::Embedding plain(10, 3);
    set_seed(11);
    ShardedEmbedding table(10, 3);
    const auto compare = [&](const at::Tensor& ids) {
        for (const auto& weight : {plain->weight, table->weight}) weight.mutable_grad().reset();
        require(table->forward(ids).equal(plain->forward(ids)), "other rows of ", ids);
        if (ids.numel() > 0) (plain->forward(ids).square().sum() * world_size()).backward();
        table->forward(ids).square().sum().backward();
        const auto own = table->weight.grad().to_dense();
        const auto whole = ids.numel() > 0 ? plain->weight.grad() : torch::zeros_like(plain->weight);
        require(own.allclose(whole.slice(0, table->rows().begin, table->rows().end)), "other gradients of ", ids);
    };
    compare(torch::tensor({{3, 3, 9}, {0, 1, 3}}));
    compare(torch::tensor({0, 0}));  // all of one process
    compare(torch::empty({0}, at::kLong));
    if (world_size() == 1) return;
    try {
        table->forward(torch::tensor({4, 10}));
    } catch (const Error& error) {
        require(std::string(error.what()) == "There is no row 10 in an embedding of rows 0 to 9", error.what());
        return;
    }
    fail("row 10 was there");
});

class StopAt : public Callback {
public:
    explicit StopAt(int64_t train_iter) : train_iter_(train_iter) {}
    std::stop_token token() const { return source_.get_token(); }
    void after_step(TrainingState& state) override {
        if (state.train_iter == train_iter_) source_.request_stop();
    }

private:
    int64_t train_iter_;
    std::stop_source source_;
};

CheckpointOptions checkpoint(const fs::path& folder) {
    return {.dir = folder / "checkpoints", .every = 4, .resume = true};
}

Learner learner_with_momentum() {
    return learner({.optimizer = adam()});
}

const RegisterScenario undisturbed("sharded_undisturbed", [](const fs::path& folder) {
    Learner learn = learner_with_momentum();
    learn.fit_one_cycle(3, 0.01);
    write(learn, folder, "undisturbed");
});
/// A fit that stops in the second epoch, leaving a checkpoint.
const RegisterScenario stopped("sharded_stopped", [](const fs::path& folder) {
    Learner learn = learner_with_momentum();
    const auto stop = std::make_shared<StopAt>(101);
    learn.fit_one_cycle(3, 0.01, {.callbacks = {stop}, .stop = stop->token(), .checkpoint = checkpoint(folder)});
    require(!learn.stop_reason().empty(), "nothing stopped the fit");
});
const RegisterScenario resumed("sharded_resumed", [](const fs::path& folder) {
    Learner learn = learner_with_momentum();
    learn.fit_one_cycle(3, 0.01, {.callbacks = {std::make_shared<StopAt>(-1)}, .checkpoint = checkpoint(folder)});
    write(learn, folder, concat("resumed-", world_size()));
});

/// A fit in which rank 1 dies in the middle of a checkpoint: its part is there, the checkpoint most likely not yet.
class DieAfterPart : public Callback {
public:
    explicit DieAfterPart(fs::path folder) : folder_(std::move(folder)) {}
    void after_step(TrainingState& state) override {
        if (state.train_iter != 11 || group()->rank() != 1) return;
        std::thread([this, before = own_parts()] {
            while (own_parts() == before) std::this_thread::sleep_for(std::chrono::microseconds(50));
            std::_Exit(9);
        }).detach();
    }

private:
    std::set<std::string> own_parts() const {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder_)) {
            const auto name = entry.path().filename().string();
            if (name.starts_with("checkpoint.") && name.find("2-of-2") != std::string::npos) names.insert(name);
        }
        return names;
    }

    fs::path folder_;
};
const RegisterScenario killed("sharded_killed", [](const fs::path& folder) {
    Learner learn = learner_with_momentum();
    const auto die = std::make_shared<DieAfterPart>(folder / "checkpoints");
    learn.fit_one_cycle(3, 0.01, {.callbacks = {die}, .checkpoint = checkpoint(folder)});
});

/// A fit that rank 1 has no room on its disk for after the first checkpoint.
class FillDisk : public Callback {
public:
    void after_step(TrainingState& state) override {
        if (state.train_iter != 5 || group()->rank() != 1) return;
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{4'096, 4'096};  // bytes of a file
        setrlimit(RLIMIT_FSIZE, &limit);
    }
};
const RegisterScenario full_disk("sharded_full_disk", [](const fs::path& folder) {
    Learner learn = learner_with_momentum();
    learn.fit_one_cycle(3, 0.01, {.callbacks = {std::make_shared<FillDisk>()}, .checkpoint = checkpoint(folder)});
});

const RegisterScenario saved("sharded_saved", [](const fs::path& folder) {
    const auto path = folder / concat("best-", world_size(), ".safetensors");
    FitSettings settings{.callbacks = {std::make_shared<SaveModel>(SaveModelOptions{.path = path})}};
    Learner learn = learner(settings);
    learn.fit(2, 0.05);
    const auto before = learn.validate().loss;
    learn.save(folder / "whole.safetensors");
    if (group()) group()->barrier();
    Learner again = learner({});
    again.load(folder / "whole.safetensors");
    require(again.validate().loss == before, "another model was loaded");
    learn.export_torchscript(folder / "whole.pt");
    const auto ids = torch::tensor({{0, 0}, {150, 202}, {300, 1}, {7, 7}});
    const auto predicted = learn.predict({ids});
    if (group()) group()->barrier();
    if (learn.is_main_process()) {
        const auto answer = ExportedModel::load(folder / "whole.pt").forward({ids}).front();
        require(answer.allclose(predicted, 0, 1e-6), "the exported model answers otherwise");
    }
});

/// Validation that ends early, in the middle of a round of batches of which each process has one.
const RegisterScenario short_epochs("sharded_short_epochs", [](const fs::path&) {
    FitSettings settings{.callbacks = {std::make_shared<ShortEpoch>(ShortEpochOptions{.pct = 0.1})}};
    Learner learn = learner(settings);
    learn.fit(2, 0.05);
    require(learn.records().losses.size() < 40, "training was not shortened");
    require(std::isfinite(learn.records().epochs.back().valid_loss), "there was no validation");
});

/// Fits with callbacks that read gradients.
void fit_with(std::shared_ptr<Callback> callback) {
    learner({.callbacks = {std::move(callback)}}).fit(1, 0.05);
}
const RegisterScenario clipped("sharded_clipped", [](const fs::path&) { fit_with(std::make_shared<GradientClip>()); });
const RegisterScenario watched("sharded_watched",
                               [](const fs::path&) { fit_with(std::make_shared<TerminateOnNaN>()); });
const RegisterScenario accumulated("sharded_accumulated",
                                   [](const fs::path&) { fit_with(std::make_shared<GradientAccumulation>()); });

const RegisterScenario by_itself("sharded_by_itself", [](const fs::path&) {
    std::vector<double> losses;
    for (const bool all_words : {true, false}) {
        set_seed(3);
        LearnerOptions options{.loss = mse_loss_flat(), .optimizer = adagrad(), .progress = false};
        if (all_words) {
            options.callbacks = {data_parallel()};
            options.embedding_update = EmbeddingUpdate::lazy;
        }
        Learner learn(loaders(), ShardedDotProduct(DotProductOptions{kUsers, kItems, 4}), options);
        learn.fit(1, 0.05);
        require(learn.is_main_process() == (group()->rank() == 0), "who prints and saves");
        losses.push_back(learn.records().epochs.back().valid_loss);
    }
    require(losses[0] == losses[1], "another fit: ", losses[1], " instead of ", losses[0]);
});
const RegisterScenario alone("sharded_alone", [](const fs::path&) {
    Learner learn(loaders(), ShardedDotProduct(DotProductOptions{kUsers, kItems, 4}),
                  {.loss = mse_loss_flat(),
                   .callbacks = {data_parallel({.strategy = std::make_shared<Strategy>()})},
                   .progress = false});
    learn.fit(1);
});

const RegisterScenario collab("sharded_collab", [](const fs::path& folder) {
    const auto generator = at::detail::createCPUGenerator(5);
    std::string text = "user,item,rating\n";
    for (int64_t i = 0; i < 2'000; ++i) {
        const auto pick = [&](int64_t n) { return torch::randint(n, {1}, generator).item<int64_t>(); };
        text += concat("u", pick(40), ",i", pick(30), ",", 1 + pick(5), "\n");
    }
    const int64_t rank = group() ? group()->rank() : 0;
    const auto path = folder / concat("ratings-", rank, ".csv");
    write_file_atomically(path, {text});
    const auto dls = CollabDataLoaders::from_table(read_csv(path), {.seed = 1});
    const auto train = [&](bool sharded) {
        set_seed(2);
        CollabLearner learn = collab_learner(dls, {.n_factors = 8, .y_range = {0, 5.5}, .shard_tables = sharded},
                                             {.optimizer = adagrad(),
                                              .callbacks = {data_parallel()},
                                              .progress = false,
                                              .fused_step = false,
                                              .embedding_update = EmbeddingUpdate::lazy});
        learn.fit(2, 0.1);
        return learn;
    };
    CollabLearner plain = train(false), learn = train(true);
    require(learn.item_factors().allclose(plain.item_factors(), 0, 1e-5), "other factors");
    require(learn.similar_items("i3", 1).front().name == plain.similar_items("i3", 1).front().name,
            "another neighbour");
    require(learn.recommend("u7", 1).front().name == plain.recommend("u7", 1).front().name, "another recommendation");
    learn.export_torchscript(folder / "collab.pt");
    const auto expected = learn.predict("u7", "i3");
    if (group()) group()->barrier();
    if (!learn.is_main_process()) return;
    const auto answer = ExportedModel::load(folder / "collab.pt").predict({"u7"}, {"i3"}).item<double>();
    require(std::abs(answer - expected) < 1e-6, "the exported model answers ", answer, " instead of ", expected);
});

}  // namespace sharded_scenarios
}  // namespace embark::testing
