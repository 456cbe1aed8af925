#include "collab_bench.h"

#include <torch/torch.h>

#include <embark/learners/collab_learner.h>
#include <embark/learners/learner.h>
#include <embark/modules/dot_product.h>

#include "movielens.h"
#include "plain_collab.h"

namespace embark::bench {

namespace {

constexpr int64_t kEpochs = 5;

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
