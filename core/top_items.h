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
    at::Tensor begins = {},  ///< (rows) int64: where row r's begin in `excluded`, offsets[r]
        ends = {},           ///< and where they end, offsets[r + 1]
        excluded = {};       ///< all that are left out
    /// (items) bool: the items that may be ranked. Undefined: all.
    at::Tensor allowed = {};

    /// Leaves out of the rankings of `users` (n) int64 what they had: that of user u is entries[offsets[u]] …
    /// entries[offsets[u + 1] − 1].
    void leave_out(const at::Tensor& offsets, const at::Tensor& entries, const at::Tensor& users);
    /// The same for rows `first` to before `first` + `n`.
    RankedAmong rows(int64_t first, int64_t n) const;
};

/// The `k` highest of each row of `scores`, (n, items) float32 on the CPU. NaN is never among them.
TopItems top_items(const at::Tensor& scores, int64_t k, const RankedAmong& among);

/// The same of `n` rows that `scores(first, count)`, (count, items), scores `at_once` at a time.
TopItems top_items(int64_t n, int64_t at_once, const std::function<at::Tensor(int64_t, int64_t)>& scores, int64_t k,
                   const RankedAmong& among);

/// The same of users · itemsᵀ + bias, for (n, width), (items, width) and (items), float32 on the CPU, in blocks of users
/// and items that stay in the cache: no matrix of all scores is made. `bias` may be undefined. As many threads as
/// LibTorch has.
TopItems top_products(const at::Tensor& users, const at::Tensor& items, const at::Tensor& bias, int64_t k,
                      const RankedAmong& among);

}  // namespace embark
