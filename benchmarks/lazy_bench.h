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

/// The ratings of lazy_ratings, those to train on and those left out, as LIBMF's nodes (two int32 and a float32 each) in
/// the files train.bin and test.bin of the data's folder.
nlohmann::json mf_ratings(const Options& options);

/// Five epochs of lazy SGD on them, in blocks of users and items, with LIBMF's model, a DotProduct: updates a second,
/// from ratings in memory to the model, and the loss on those left out.
nlohmann::json mf_training(const Options& options);

/// The same with biases and a range.
nlohmann::json mf_training_with_biases(const Options& options);

}  // namespace embark::bench
