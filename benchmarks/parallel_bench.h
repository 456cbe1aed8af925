#pragma once

#include "bench.h"

namespace embark::bench {

// What each of several processes measures, as the environment starts them (see launch_environment); parallel.py does.

/// A table of 20,000,000 rows of 32 numbers that the processes hold together, trained by lazy Adagrad for 20 steps of
/// 4,096 rows, with a checkpoint in the folder given as data: seconds of making it, of a step and of the whole fit, the
/// losses, the most memory that this process had, the bytes that it sends in a step.
nlohmann::json sharded_table(const Options& options);

/// Seconds of each exchange by the bytes that a process has for it, medians: a sum, a gathering, all to all.
nlohmann::json exchange_cost(const Options& options);

/// Epochs of training alone: seconds, steps, the bytes that this process sends in a step. MovieLens 100k by the fused
/// step in batches of 64.
nlohmann::json parallel_movielens(const Options& options);
/// Adult, TabularModel {200, 100}, batches of 256.
nlohmann::json parallel_adult(const Options& options);
/// Made-up ratings of 1,000,000 users and 100,000 items, 32 factors, lazy Adagrad in batches of 4,096: each process
/// with the whole tables, and with its rows of them.
nlohmann::json parallel_whole_tables(const Options& options);
nlohmann::json parallel_sharded_tables(const Options& options);

}  // namespace embark::bench
