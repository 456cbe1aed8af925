#pragma once

#include <cstdint>
#include <vector>

#include "../core/range.h"

namespace embark {

/// What a number becomes before a network sees it (Gorishniy et al., "On Embeddings for Numerical Features in Tabular
/// Deep Learning", arXiv:2203.05556).
enum class NumberEmbeddingKind {
    none,              ///< it stays a number
    periodic,          ///< ReLU(Linear([cos 2πcx, sin 2πcx])) with trained coefficients c
    piecewise_linear,  ///< ReLU(Linear(e)), where e says how far x has come through each of its bins
};

/// Settings of a NumericEmbedding.
struct NumericEmbeddingOptions {
    NumberEmbeddingKind kind = NumberEmbeddingKind::none;  ///< how a number becomes a vector
    /// Values that each number becomes.
    int64_t width = 16;
    /// Periodic: coefficients of each number.
    int64_t n_frequencies = 48;
    /// Periodic: the coefficients' standard deviations at first, which go from the one to the other by equal factors.
    /// They matter more than any other setting, and belong to the numbers' scale. For numbers of about mean 0 and
    /// deviation 1 tables with smooth relations want about 1, others up to 16; all of that at once is good for either.
    /// The paper has one for all coefficients: {1, 1}.
    Range frequency_scales = {0.25, 16};
    /// Periodic: one linear layer for all numbers (the "lite" form) rather than one for each.
    bool shared = true;
    /// Piecewise linear: the edges of each number's bins, ascending, such as its quantiles in training; fitted by the
    /// caller. A number may have fewer bins than another.
    std::vector<std::vector<double>> bins = {};
};
/// Deprecated name of NumericEmbeddingOptions.
using NumberEmbedding [[deprecated("NumericEmbeddingOptions since 0.2")]] = NumericEmbeddingOptions;

}  // namespace embark
