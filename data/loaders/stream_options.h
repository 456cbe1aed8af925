#pragma once

#include <cstdint>
#include <memory>

namespace embark {

class Strategy;

/// How rows are streamed from Parquet files, of which no more is in memory than what is trained on next.
struct StreamOptions {
    /// Rows that are in memory together to be mixed, besides as many that are being read: row groups drawn at random,
    /// of so many rows or a little more. Rows of one group come near one another, so a buffer of many groups mixes
    /// best.
    int64_t shuffle_buffer = 1'000'000;
    /// Tabular data: means, medians, quantiles and texts' words are fitted on so many training rows, drawn at random;
    /// categories and classes are those of all rows.
    int64_t fit_rows = 1'000'000;
    /// How the processes that train together do it, each of which reads its own share; null:
    /// Strategy::from_environment().
    std::shared_ptr<Strategy> strategy = {};
};

}  // namespace embark
