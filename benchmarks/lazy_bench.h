#pragma once

#include "bench.h"

namespace embark::bench {

/// A Learner of DotProductBias with 50 factors and lazy Adagrad, batches of 8192: seconds of a step where the tables
/// have 1,000,000 users and 100,000 items, and four times as many of both. Both are beyond the caches. Made-up ratings.
nlohmann::json lazy_growth(const Options& options);

/// An epoch of 10 million made-up ratings of 70,000 users and 10,000 items, 56 factors, lazy SGD in batches of 8192:
/// ratings a second, and the loss before and after on ratings that were left out.
nlohmann::json lazy_ratings(const Options& options);

/// The same with 2 million ratings on one thread and on all that the options give, in turn: ratings a second.
nlohmann::json lazy_threads(const Options& options);

}  // namespace embark::bench
