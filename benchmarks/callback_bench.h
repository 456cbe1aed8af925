#pragma once

#include "bench.h"

namespace embark::bench {

/// What each callback takes of an epoch of MovieLens 100k (the model and settings of learner_overhead): the seconds
/// spent in its events, by its name, beside those of the whole epoch.
nlohmann::json callback_cost(const Options& options);

}  // namespace embark::bench
