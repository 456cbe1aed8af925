#pragma once

#include "bench.h"

namespace embark::bench {

/// Adult through tabular_learner, TabularModel {200, 100}, batches of 64: seconds of each epoch's training, validation
/// losses and accuracies.
nlohmann::json tabular_training(const Options& options);

/// The file `people.csv` of the folder, which rows/tabular.py writes, to encoded training and validation tensors, once:
/// seconds of read_csv and of TabularDataLoaders::from_table, the memory that this process had at most beyond what it
/// had at the start, and the size of the tensors.
nlohmann::json table_encoding(const Options& options);

/// Microseconds that Predictor::predict takes for a raw row of Adult, of the exported model of each preset.
nlohmann::json row_prediction(const Options& options);

}  // namespace embark::bench
