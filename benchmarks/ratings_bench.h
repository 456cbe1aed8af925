#pragma once

#include "bench.h"

namespace embark::bench {

/// The file `ratings.csv` of the folder, which peers/pandas_ratings.py makes, to tensors of all its ratings, once:
/// seconds of read_csv and of CollabDataLoaders::from_table.
nlohmann::json ratings_encoding(const Options& options);

/// An epoch of collab_learner on the same file with a part for validation: the memory that this process had at most
/// beyond what it had at the start, the size of the tensors, and the validation loss.
nlohmann::json ratings_training(const Options& options);

/// An epoch of collab_learner on the Parquet files of the folder, streamed: the memory that this process had at most
/// beyond what it had at the start, the seconds of the training, how many rows it had, and the validation loss.
nlohmann::json streamed_training(const Options& options);

}  // namespace embark::bench
