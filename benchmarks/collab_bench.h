#pragma once

#include "bench.h"

namespace embark::bench {

/// MovieLens 100k, DotProductBias of 50 factors, batches of 64: a Learner's epoch and that of the plain LibTorch loop
/// of plain_collab.h, in turn, both training that loop's own module.
nlohmann::json learner_overhead(const Options& options);

/// The same, of a Learner of DotProductBias, which is what collab_learner trains.
nlohmann::json collab_vs_libtorch(const Options& options);

/// The same data and settings through collab_learner: seconds of each epoch's training, and validation losses.
nlohmann::json collab_training(const Options& options);

/// The canonical split of MovieLens 100k through collab_learner, several seeds: seconds of each training and its RMSE
/// on the test ratings.
nlohmann::json split_training(const Options& options);

}  // namespace embark::bench
