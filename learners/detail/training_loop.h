#pragma once

#include <functional>

#include "../../callbacks/detail/events.h"
#include "../../data/loaders/dataloaders.h"
#include "train_step.h"

namespace embark {

/// The loop of a fit: epochs of training and validation batches, with events at every level. It knows nothing of what
/// callbacks and the training step do. What it refers to must outlive it.
class TrainingLoop {
public:
    /// `step` may be null where nothing is trained.
    TrainingLoop(const DataLoaders& dls, const Model& model, const Loss& loss, TrainStep* step, const Events& events);

    /// `n_epoch` epochs; `first_pass` is the number of the first one's permutation (see DataLoader::epoch).
    void fit(TrainingState& state, int64_t n_epoch, int64_t first_pass);
    /// One pass over `loader` without training, with the events of validation.
    void validate(TrainingState& state, const DataLoader& loader);
    /// The same for one batch of inputs alone.
    void predict(TrainingState& state, Tensors inputs);

private:
    /// Validates `n_iter` batches, each of which `begin` puts into the state.
    void validate(TrainingState& state, int64_t n_iter, const std::function<void()>& begin);
    void epoch(TrainingState& state, int64_t pass);
    void train(TrainingState& state, int64_t pass);
    void train_batch(TrainingState& state);
    static void begin_batch(TrainingState& state, const DataLoader::Epoch& batches);
    void evaluate_batch(TrainingState& state);

    const DataLoaders& dls_;
    const Model& model_;
    const Loss& loss_;
    TrainStep* step_;
    const Events& events_;
};

}  // namespace embark
