#include "lazy_bench.h"

#include <cmath>
#include <fstream>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/data/collab/rating_blocks.h>
#include <embark/learners/learner.h>
#include <embark/modules/dot_product.h>
#include <embark/optim/optimizers.h>

namespace embark::bench {

namespace {

constexpr int64_t kLargeBatch = 8192;

struct Sizes {
    int64_t users, items, ratings, width;
};

/// Ratings from 1 to 5 of what two numbers of each user and item have in common, with noise.
TensorDataset made_up(const Sizes& sizes, uint64_t seed) {
    torch::manual_seed(42);
    const auto of_users = torch::randn({sizes.users, 2}), of_items = torch::randn({sizes.items, 2});
    torch::manual_seed(seed);
    const auto users = torch::randint(0, sizes.users, {sizes.ratings}, at::kLong);
    const auto items = torch::randint(0, sizes.items, {sizes.ratings}, at::kLong);
    const auto common = (of_users.index_select(0, users) * of_items.index_select(0, items)).sum(1, true);
    return {.inputs = {torch::stack({users, items}, 1)},
            .targets = {(3 + 0.7 * common + 0.3 * torch::randn({sizes.ratings, 1})).clamp(1, 5)}};
}

Learner learner(const Model& model, const DataLoader& train, OptimizerFactory optimizer) {
    return Learner(DataLoaders(train, std::nullopt), model,
                   {.loss = mse_loss_flat(),
                    .optimizer = std::move(optimizer),
                    .weight_decay = 0,
                    .progress = false,
                    .embedding_update = EmbeddingUpdate::lazy});
}

DotProductOptions tables_of(const Sizes& sizes) {
    return {.n_users = sizes.users, .n_items = sizes.items, .n_factors = sizes.width};
}

Model with_biases(const Sizes& sizes) {
    DotProductOptions options = tables_of(sizes);
    options.y_range = {0, 5.5};
    torch::manual_seed(42);
    return Model(DotProductBias(options));
}

/// LIBMF's: no biases, no range, and factors that start as its do, from 0 to the square root of 1 / width.
Model without_biases(const Sizes& sizes) {
    torch::manual_seed(42);
    DotProduct model(tables_of(sizes));
    const torch::NoGradGuard no_grad;
    for (const at::Tensor& factors : model->parameters()) factors.uniform_(0, std::sqrt(1. / sizes.width));
    return Model(model);
}

Learner learner(const Sizes& sizes, OptimizerFactory optimizer) {
    return learner(with_biases(sizes), DataLoader(made_up(sizes, 1), {.batch_size = kLargeBatch, .shuffle = true}),
                   std::move(optimizer));
}

constexpr Sizes kTenMillion = {70'000, 10'000, 10'000'000, 56};

/// 100,000 ratings more.
DataLoader left_out() {
    return DataLoader(made_up({kTenMillion.users, kTenMillion.items, 100'000, kTenMillion.width}, 2),
                      {.batch_size = kLargeBatch});
}

void write_nodes(const TensorDataset& ratings, const std::filesystem::path& path) {
    const at::Tensor users = ratings.inputs[0].select(1, 0).to(at::kInt), items = ratings.inputs[0].select(1, 1).to(at::kInt);
    const at::Tensor values = ratings.targets[0].flatten().view(at::kInt);
    const at::Tensor nodes = at::stack({users, items, values}, 1).contiguous();
    std::ofstream file(path, std::ios::binary);
    file.write(static_cast<const char*>(nodes.const_data_ptr()), static_cast<std::streamsize>(nodes.nbytes()));
    require(static_cast<bool>(file.flush()), "Cannot write ", path.string());
}

}  // namespace

nlohmann::json lazy_growth(const Options& options) {
    constexpr int64_t kSteps = 50;
    const auto of_size = [](int64_t times) {
        return learner({times * 1'000'000, times * 100'000, kSteps * kLargeBatch, 50}, adagrad());
    };
    Learner small = of_size(1), large = of_size(4);
    for (Learner* each : {&small, &large}) each->fit(1, 0.05);
    const auto seconds = time_in_turn(
        options.repeats, [&] { small.fit(1, 0.05); }, [&] { large.fit(1, 0.05); });
    const auto steps = [](const std::vector<Seconds>& fits) {
        std::vector<double> result;
        for (const auto& fit : fits) result.push_back(fit.processor / kSteps);
        return result;
    };
    return {{"small_step_seconds", steps(seconds.first)}, {"large_step_seconds", steps(seconds.second)}};
}

nlohmann::json lazy_threads(const Options& options) {
    constexpr Sizes kSizes = {70'000, 10'000, 2'000'000, 56};
    const int threads = at::get_num_threads();
    Learner learn = learner(kSizes, sgd());
    std::vector<double> alone, shared;
    // In turn: both sides are a fit of the same Learner, and what the machine does besides hits both alike.
    for (int repeat = 0; repeat <= options.repeats / 2; ++repeat) {
        for (const int n : {1, threads}) {
            at::set_num_threads(n);
            const auto& records = learn.fit(1, 200.0);
            if (repeat == 0) continue;  // warms up
            (n == 1 ? alone : shared)
                .push_back(static_cast<double>(kSizes.ratings) / records.epochs.front().train_seconds);
        }
    }
    return {{"alone_per_second", alone}, {"shared_per_second", shared}, {"threads", threads}};
}

nlohmann::json lazy_ratings(const Options& options) {
    Learner learn = learner(kTenMillion, sgd());
    const DataLoader valid = left_out();
    // A mean over the batch leaves each of its rows little of a gradient: hence the rate.
    const double before = learn.validate(valid).loss;
    std::vector<double> rates;
    for (int repeat = 0; repeat < std::max(2, options.repeats / 10); ++repeat) {
        const auto& records = learn.fit(1, 200.0);
        rates.push_back(static_cast<double>(kTenMillion.ratings) / records.epochs.front().train_seconds);
    }
    return {{"ratings_per_second", rates}, {"valid_loss_before", before}, {"valid_loss", learn.validate(valid).loss}};
}

nlohmann::json mf_ratings(const Options& options) {
    write_nodes(made_up(kTenMillion, 1), options.data / "train.bin");
    write_nodes(left_out().data(), options.data / "test.bin");
    return nlohmann::json::object();
}

namespace {

nlohmann::json train_in_blocks(const Model& model, double lr) {
    constexpr int64_t kEpochs = 5;
    TensorDataset ratings = made_up(kTenMillion, 1);
    std::optional<Learner> learn;
    const Seconds seconds = time_of([&] {
        const RatingBlocks blocks = rating_blocks(ratings.inputs[0]);
        ratings = ratings.take(blocks.rows);
        learn.emplace(learner(model, DataLoader(ratings, {.batch_size = kLargeBatch, .sampler = blocks.sampler}), sgd()));
        learn->fit(kEpochs, lr);
    });
    return {{"updates_per_second", static_cast<double>(kEpochs * kTenMillion.ratings) / seconds.wall},
            {"valid_loss", learn->validate(left_out()).loss}};
}

}  // namespace

nlohmann::json mf_training(const Options&) {
    return train_in_blocks(without_biases(kTenMillion), 50);
}

nlohmann::json mf_training_with_biases(const Options&) {
    return train_in_blocks(with_biases(kTenMillion), 200);
}

}  // namespace embark::bench
