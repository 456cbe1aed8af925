#include "collab_bench.h"

#include <torch/torch.h>

#include <embark/data/collab.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/learner.h>

#include "plain_collab.h"

namespace embark::bench {

namespace {

constexpr int64_t kFactors = 50;
constexpr int64_t kBatchSize = 64;
constexpr int64_t kEpochs = 5;
constexpr double kLearningRate = 5e-3;
constexpr double kWeightDecay = 0.1;
constexpr Range kRange = {0, 5.5};
constexpr uint64_t kSeed = 42;

CollabDataLoaders movielens(const std::filesystem::path& folder) {
    const auto ratings =
        read_csv(folder / "u.data", {.delimiter = '\t', .column_names = {"user", "movie", "rating", "timestamp"}});
    const auto titles =
        read_csv(folder / "u.item",
                 {.delimiter = '|', .encoding = "latin-1", .use_columns = {0, 1}, .column_names = {"movie", "title"}});
    return CollabDataLoaders::from_table(ratings.join(titles, "movie"),
                                         {.item_name = "title", .batch_size = kBatchSize, .seed = kSeed});
}

RatingNet rating_net(const CollabDataLoaders& dls) {
    set_seed(kSeed);
    return RatingNet(dls.users().size(), dls.items().size(), kFactors, kRange.low, kRange.high);
}

nlohmann::json to_json(const std::vector<Seconds>& epochs) {
    std::vector<double> wall, processor;
    for (const auto& seconds : epochs) {
        wall.push_back(seconds.wall);
        processor.push_back(seconds.processor);
    }
    return {{"epoch_seconds", wall}, {"epoch_processor_seconds", processor}};
}

}  // namespace

nlohmann::json learner_overhead(const Options& options) {
    const auto dls = movielens(options.data);
    const auto& train = dls.train().data();
    const auto& valid = dls.valid().data();
    PlainLoop plain(rating_net(dls), train.inputs.front(), train.targets.front(), kBatchSize, kWeightDecay);
    // Without a validation part, so that a fit is training and nothing else.
    Learner learn(DataLoaders(dls.train(), std::nullopt), rating_net(dls),
                  {.loss = mse_loss_flat(), .weight_decay = kWeightDecay, .progress = false});

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

nlohmann::json collab_training(const Options& options) {
    const auto dls = movielens(options.data);
    set_seed(kSeed);
    auto learn = collab_learner(dls, {.n_factors = kFactors, .y_range = kRange}, {.progress = false});
    const auto& records = learn.fit_one_cycle(kEpochs, kLearningRate, {.weight_decay = kWeightDecay});
    std::vector<double> seconds, losses;
    for (const auto& row : records.epochs) {
        seconds.push_back(row.train_seconds);
        losses.push_back(row.valid_loss);
    }
    return {{"epoch_seconds", seconds}, {"valid_losses", losses}};
}

}  // namespace embark::bench
