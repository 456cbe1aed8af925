#include "parallel_bench.h"

#include <algorithm>

#include <sys/resource.h>
#include <torch/torch.h>

#include <embark/callbacks/parallel/data_parallel.h>
#include <embark/core/error.h>
#include <embark/data/csv/csv.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/tabular_learner.h>
#include <embark/modules/dot_product.h>
#include <embark/modules/sharded_embedding.h>
#include <embark/optim/optimizers.h>

#include "movielens.h"

namespace embark::bench {

namespace {

constexpr int64_t kLargeBatch = 4096;

/// A table, and what its rows come to.
struct TableNetImpl : torch::nn::Module {
    TableNetImpl(int64_t rows, int64_t width)
        : table(register_module("table", ShardedEmbedding(rows, width))),
          out(register_module("out", torch::nn::Linear(width, 1))) {}
    at::Tensor forward(const at::Tensor& ids) { return out(table(ids.select(1, 0))); }

    ShardedEmbedding table;
    torch::nn::Linear out;
};
TORCH_MODULE(TableNet);

/// The most memory that this process has had.
int64_t peak_bytes() {
    rusage usage{};
    require(getrusage(RUSAGE_SELF, &usage) == 0, "The memory of this process cannot be told");
    return int64_t{usage.ru_maxrss} * 1024;
}

ProcessGroup& processes() {
    const auto group = ProcessGroup::from_environment();
    require<UsageError>(group != nullptr, "This needs several processes: RANK and WORLD_SIZE are not set");
    return *group;
}

/// What training epochs came to; the first one warms up.
nlohmann::json figures(Learner& learn, const DataParallel& parallel) {
    std::vector<double> seconds;
    for (const auto& row : learn.records().epochs) seconds.push_back(row.train_seconds);
    if (seconds.size() > 1) seconds.erase(seconds.begin());
    return {{"epoch_seconds", seconds},
            {"steps", learn.records().epochs.back().batches},
            {"bytes_per_step", parallel.bytes_per_step()}};
}

nlohmann::json train_tables(const Model& model, int64_t users, int64_t items) {
    constexpr int64_t kSteps = 50;
    const auto generator = at::detail::createCPUGenerator(1);
    const auto ids = torch::stack({torch::randint(users, {kSteps * kLargeBatch}, generator, at::kLong),
                                   torch::randint(items, {kSteps * kLargeBatch}, generator, at::kLong)},
                                  1);
    const auto ratings = 1 + 4 * torch::rand({kSteps * kLargeBatch, 1}, generator);
    const auto parallel = data_parallel();
    Learner learn(
        DataLoaders(DataLoader({.inputs = {ids}, .targets = {ratings}}, {.batch_size = kLargeBatch}), std::nullopt),
        model,
        {.loss = mse_loss_flat(),
         .optimizer = adagrad(),
         .callbacks = {parallel},
         .progress = false,
         .embedding_update = EmbeddingUpdate::lazy});
    learn.fit(3, 0.05);
    return figures(learn, *parallel);
}

constexpr DotProductOptions kLargeTables{
    .n_users = 1'000'000, .n_items = 100'000, .n_factors = 32, .y_range = {0, 5.5}};

template <class Action>
double median_seconds(int repeats, Action&& action) {
    std::vector<double> seconds;
    for (int repeat = 0; repeat < repeats; ++repeat) {
        processes().barrier();
        seconds.push_back(time_of(action).wall);
    }
    std::nth_element(seconds.begin(), seconds.begin() + repeats / 2, seconds.end());
    return seconds[static_cast<size_t>(repeats / 2)];
}

}  // namespace

nlohmann::json sharded_table(const Options& options) {
    constexpr int64_t kRows = 20'000'000, kWidth = 32, kSteps = 20;
    set_seed(kSeed);
    const auto generator = at::detail::createCPUGenerator(1);
    const auto ids = torch::randint(kRows, {kSteps * kLargeBatch, 1}, generator, at::kLong);
    const auto targets = (ids % 5).to(at::kFloat);
    TableNet model{nullptr};
    const double making = time_of([&] { model = TableNet(kRows, kWidth); }).wall;
    const auto parallel = data_parallel();
    Learner learn(
        DataLoaders(DataLoader({.inputs = {ids}, .targets = {targets}}, {.batch_size = kLargeBatch}), std::nullopt),
        model,
        {.loss = mse_loss_flat(),
         .optimizer = adagrad(),
         .callbacks = {parallel},
         .progress = false,
         .embedding_update = EmbeddingUpdate::lazy});
    const double fit = time_of([&] { learn.fit(1, 0.1, {.checkpoint = {.dir = options.data}}); }).wall;
    return {{"making_seconds", making},
            {"fit_seconds", fit},
            {"step_seconds", learn.records().epochs.front().train_seconds / kSteps},
            {"losses", learn.records().losses},
            {"bytes_per_step", parallel->bytes_per_step()},
            {"peak_bytes", peak_bytes()}};
}

nlohmann::json exchange_cost(const Options& options) {
    nlohmann::json costs = nlohmann::json::array();
    auto& group = processes();
    for (int64_t bytes = 8; bytes <= int64_t{8} << 20; bytes *= 8) {
        auto values = torch::zeros({bytes / 4});
        const Tensors parts(static_cast<size_t>(group.size()), values.narrow(0, 0, bytes / 4 / group.size()));
        const std::vector<int64_t> lengths(parts.size(), parts.front().size(0));
        const int repeats = bytes < 1 << 20 ? 8 * options.repeats : options.repeats;
        costs.push_back({{"bytes", bytes},
                         {"all_reduce", median_seconds(repeats, [&] { group.all_reduce(values); })},
                         {"all_gather", median_seconds(repeats, [&] { group.all_gather_equal(values); })},
                         {"all_to_all", median_seconds(repeats, [&] { group.all_to_all(parts, lengths); })}});
    }
    return {{"processes", group.size()}, {"costs", costs}};
}

nlohmann::json parallel_movielens(const Options& options) {
    const auto parallel = data_parallel();
    set_seed(kSeed);
    auto learn = collab_learner(movielens(options.data), {.n_factors = kFactors, .y_range = kRange},
                                {.callbacks = {parallel}, .progress = false});
    learn.fit_one_cycle(3, kLearningRate, {.weight_decay = kWeightDecay});
    return figures(learn, *parallel);
}

nlohmann::json parallel_adult(const Options& options) {
    const auto rows =
        read_csv(options.data / "adult.data",
                 {.column_names = {"age", "workclass", "fnlwgt", "education", "education-num", "marital", "occupation",
                                   "relationship", "race", "sex", "gain", "loss", "hours", "country", "salary"},
                  .missing_values = {"?"},
                  .trim_spaces = true});
    const auto dls = TabularDataLoaders::from_table(rows, {.y_names = {"salary"}, .batch_size = 256});
    const auto parallel = data_parallel();
    set_seed(kSeed);
    auto learn = tabular_learner(dls, {.layers = {200, 100}}, {.callbacks = {parallel}, .progress = false});
    learn.fit_one_cycle(3, 1e-3);
    return figures(learn, *parallel);
}

nlohmann::json parallel_whole_tables(const Options&) {
    set_seed(kSeed);
    return train_tables(Model(DotProductBias(kLargeTables)), kLargeTables.n_users, kLargeTables.n_items);
}

nlohmann::json parallel_sharded_tables(const Options&) {
    set_seed(kSeed);
    return train_tables(Model(ShardedDotProduct(kLargeTables)), kLargeTables.n_users, kLargeTables.n_items);
}

}  // namespace embark::bench
