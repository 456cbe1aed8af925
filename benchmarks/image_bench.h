#pragma once

#include "bench.h"

namespace embark::bench {

/// Passes over the pictures of a folder, decoded and resized to 224 × 224 by two workers, in batches of 64: the seconds
/// of each, and the mean of all values.
nlohmann::json image_loading(const Options& options);

}  // namespace embark::bench
