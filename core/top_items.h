#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

namespace embark {

/// The highest scores of each of n rows, best first, of equal ones the item of the lower number first.
struct TopItems {
    /// (n, k) int64; −1 where a row has fewer items.
    at::Tensor items;
    /// (n, k) float32; −infinity there.
    at::Tensor scores;
};

/// What rankings of items may not have. Item 0, which stands for unknown ones, is in none.
struct RankedAmong {
    /// Items to leave out of row r: excluded[offsets[r]] … excluded[offsets[r + 1] − 1], ascending; int64 on the CPU.
    /// Undefined: none. Rankings of some users have the offsets of these alone, in begins and ends.
    at::Tensor begins = {}, ends = {}, excluded = {};
    /// (items) bool: the items that may be ranked. Undefined: all.
    at::Tensor allowed = {};
};

/// The `k` highest of each row of `scores`, (n, items) float32 on the CPU. NaN is never among them.
TopItems top_items(const at::Tensor& scores, int64_t k, const RankedAmong& among);

/// The same of users · itemsᵀ + bias, for (n, width), (items, width) and (items), float32 on the CPU, in blocks of users
/// and items that stay in the cache: no matrix of all scores is made. `bias` may be undefined. As many threads as
/// LibTorch has.
TopItems top_products(const at::Tensor& users, const at::Tensor& items, const at::Tensor& bias, int64_t k,
                      const RankedAmong& among);

}  // namespace embark
