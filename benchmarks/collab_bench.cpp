#include "collab_bench.h"

#include <cmath>

#include <torch/torch.h>

#include <embark/data/csv/csv.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/learner.h>
#include <embark/modules/dot_product.h>

#include "movielens.h"
#include "plain_collab.h"

namespace embark::bench {

namespace {

constexpr int64_t kEpochs = 5;
/// Of the canonical split: the error is no larger than with 64, and there are fewer steps.
constexpr int64_t kSplitBatchSize = 256;

nlohmann::json to_json(const std::vector<Seconds>& epochs) {
    std::vector<double> wall, processor;
    for (const auto& seconds : epochs) {
        wall.push_back(seconds.wall);
        processor.push_back(seconds.processor);
    }
    return {{"epoch_seconds", wall}, {"epoch_processor_seconds", processor}};
}

/// Trains `learn` and the plain loop in turn; see the header.
nlohmann::json beside_plain_loop(const Options& options, const CollabDataLoaders& dls, Learner& learn) {
    const auto& train = dls.train().data();
    const auto& valid = dls.valid().data();
    PlainLoop plain(rating_net(dls), train.inputs.front(), train.targets.front(), kBatchSize, kWeightDecay);

    // The whole training on both sides: it shows that they learn the same, and warms up caches and threads.
    plain.fit_one_cycle(kEpochs, kLearningRate);
    learn.fit_one_cycle(kEpochs, kLearningRate);
    const double plain_loss = plain.validate(valid.inputs.front(), valid.targets.front());
    const double learner_loss = learn.validate(dls.valid()).loss;

    const auto seconds = time_in_turn(
        options.repeats, [&] { learn.fit_one_cycle(1, kLearningRate); },
        [&] { plain.fit_one_cycle(1, kLearningRate); });
    return {{"learner", to_json(seconds.first)},
            {"plain", to_json(seconds.second)},
            {"learner_valid_loss", learner_loss},
            {"plain_valid_loss", plain_loss}};
}

}  // namespace

nlohmann::json learner_overhead(const Options& options) {
    const auto dls = movielens(options.data);
    // Without a validation part, so that a fit is training and nothing else.
    Learner learn(DataLoaders(dls.train(), std::nullopt), rating_net(dls),
                  {.loss = mse_loss_flat(), .weight_decay = kWeightDecay, .progress = false});
    return beside_plain_loop(options, dls, learn);
}

nlohmann::json collab_vs_libtorch(const Options& options) {
    const auto dls = movielens(options.data);
    set_seed(kSeed);
    // What collab_learner makes, without a validation part.
    const DotProductBias model(DotProductOptions{
        .n_users = dls.users().size(), .n_items = dls.items().size(), .n_factors = kFactors, .y_range = kRange});
    Learner learn(DataLoaders(dls.train(), std::nullopt), model,
                  {.loss = mse_loss_flat(), .weight_decay = kWeightDecay, .progress = false});
    return beside_plain_loop(options, dls, learn);
}

nlohmann::json collab_training(const Options& options) {
    const auto dls = movielens(options.data, options.seed);
    set_seed(options.seed);
    auto learn = collab_learner(dls, {.n_factors = kFactors, .y_range = kRange}, {.progress = false});
    const auto& records = learn.fit_one_cycle(kEpochs, kLearningRate, {.weight_decay = kWeightDecay});
    std::vector<double> seconds, losses;
    for (const auto& row : records.epochs) {
        seconds.push_back(row.train_seconds);
        losses.push_back(row.valid_loss);
    }
    return {{"epoch_seconds", seconds}, {"valid_losses", losses}};
}

nlohmann::json split_training(const Options& options) {
    const CsvOptions layout{.delimiter = '\t', .column_names = {"user", "movie", "rating", "timestamp"}};
    const auto train = read_csv(options.data / "u1.base", layout), test = read_csv(options.data / "u1.test", layout);
    std::vector<double> seconds, errors;
    for (int seed = 0; seed < options.repeats; ++seed) {
        const auto dls = CollabDataLoaders::from_tables(
            train, test, {.batch_size = kSplitBatchSize, .seed = static_cast<uint64_t>(seed)});
        set_seed(static_cast<uint64_t>(seed));
        auto learn = collab_learner(dls, {.n_factors = kFactors, .y_range = kRange}, {.progress = false});
        const auto& records = learn.fit_one_cycle(kEpochs, kLearningRate, {.weight_decay = kWeightDecay});
        seconds.push_back(0);
        for (const auto& row : records.epochs) seconds.back() += row.train_seconds;
        errors.push_back(std::sqrt(records.epochs.back().valid_loss));
    }
    return {{"seconds", seconds}, {"test_rmse", errors}};
}

}  // namespace embark::bench
