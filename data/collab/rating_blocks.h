#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "../loaders/samplers.h"

namespace embark {

/// An order of ratings for the processor's cache: in blocks of some thousand users and items, whose rows of the tables
/// stay there while the block's ratings are trained on (Chin et al., "A Fast Parallel Stochastic Gradient Method for
/// Matrix Factorization in Shared Memory Systems", 2015).
struct RatingBlocks {
    /// The ratings' rows (n), those of a block one after the other: the order to keep them in, so that reading them
    /// stays in the cache too.
    at::Tensor rows;
    /// Of ratings that are kept in that order: one block after the other, the blocks and what is in them in a random
    /// order of each epoch.
    Sampler sampler;
};

/// Blocks of `pairs`, (n, 2) or wider, int64: user and item of each rating, from 0. Which users and items are together
/// in a block follows from `seed`. Throws Error for no pairs, and for negative numbers.
RatingBlocks rating_blocks(const at::Tensor& pairs, uint64_t seed = 42);

}  // namespace embark
