#pragma once

#include "bench.h"

namespace embark::bench {

/// Epochs of a dot product trained by softmax over a made catalogue: seconds of each, and by how much they raised the
/// process's peak memory.
nlohmann::json softmax_epochs(const Options& options);
/// implicit_als on MovieLens 100k: seconds of each fit, and NDCG@10 of the test part.
nlohmann::json ials_training(const Options& options);
/// The ten best of 100,000 items for 20,000 users by vectors of 64 numbers: seconds of each run, of the products alone,
/// and by how much the runs raised the process's peak memory.
nlohmann::json top_of_products(const Options& options);

}  // namespace embark::bench
