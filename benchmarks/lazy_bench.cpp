#include "lazy_bench.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

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

Learner learner(const Sizes& sizes, OptimizerFactory optimizer, double weight_decay) {
    torch::manual_seed(42);
    const DotProductBias model(DotProductOptions{
        .n_users = sizes.users, .n_items = sizes.items, .n_factors = sizes.width, .y_range = {0, 5.5}});
    const DataLoader train(made_up(sizes, 1), {.batch_size = kLargeBatch, .shuffle = true});
    return Learner(DataLoaders(train, std::nullopt), model,
                   {.loss = mse_loss_flat(),
                    .optimizer = std::move(optimizer),
                    .weight_decay = weight_decay,
                    .progress = false,
                    .embedding_update = EmbeddingUpdate::lazy});
}

}  // namespace

nlohmann::json lazy_growth(const Options& options) {
    constexpr int64_t kSteps = 50;
    const auto of_size = [](int64_t times) {
        return learner({times * 1'000'000, times * 100'000, kSteps * kLargeBatch, 50}, adagrad(), 0);
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
    Learner learn = learner(kSizes, sgd(), 0);
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
    constexpr Sizes kSizes = {70'000, 10'000, 10'000'000, 56};
    Learner learn = learner(kSizes, sgd(), 0);
    const DataLoader valid(made_up({kSizes.users, kSizes.items, 100'000, kSizes.width}, 2),
                           {.batch_size = kLargeBatch});
    // A mean over the batch leaves each of its rows little of a gradient: hence the rate.
    const double before = learn.validate(valid).loss;
    std::vector<double> rates;
    for (int repeat = 0; repeat < std::max(2, options.repeats / 10); ++repeat) {
        const auto& records = learn.fit(1, 200.0);
        rates.push_back(static_cast<double>(kSizes.ratings) / records.epochs.front().train_seconds);
    }
    return {{"ratings_per_second", rates}, {"valid_loss_before", before}, {"valid_loss", learn.validate(valid).loss}};
}

}  // namespace embark::bench
