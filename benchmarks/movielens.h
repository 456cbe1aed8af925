#pragma once

#include <filesystem>

#include <embark/core/range.h>
#include <embark/data/collab/collab.h>

#include "plain_collab.h"

namespace embark::bench {

// The work that the collaborative rows have in common.
inline constexpr int64_t kFactors = 50;
inline constexpr int64_t kBatchSize = 64;
inline constexpr double kLearningRate = 5e-3;
inline constexpr double kWeightDecay = 0.1;
inline constexpr Range kRange = {0, 5.5};
inline constexpr uint64_t kSeed = 42;

/// MovieLens 100k by user and title, from the folder of its original files.
CollabDataLoaders movielens(const std::filesystem::path& folder, uint64_t seed = kSeed);

/// The benchmark's own module for these data, with the same initial weights each time.
RatingNet rating_net(const CollabDataLoaders& dls);

}  // namespace embark::bench
