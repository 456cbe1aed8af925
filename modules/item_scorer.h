#pragma once

#include <string>

#include <ATen/core/Tensor.h>

#include "../core/top_items.h"

namespace embark {

/// A module that scores all items for users: what rankings are made of. Users and items are encoded, 0 for unknown ones.
class ItemScorer {
public:
    virtual ~ItemScorer();

    /// How many items there are, that of 0 included.
    virtual int64_t n_items() const = 0;
    /// (n, n_items) scores of all items for `users` (n) int64, without gradients.
    virtual at::Tensor scores(const at::Tensor& users) = 0;
    /// The `k` items with the highest scores for each of `users` (n) int64; see RankedAmong, whose rows are these.
    virtual TopItems top(const at::Tensor& users, int64_t k, const RankedAmong& among);

    /// Whether users whom training did not see have scores too.
    virtual bool knows_new_users() const = 0;
    /// (n_items) scores for somebody who is known by `items` (n) int64 alone, each once, n of at least 1. Throws
    /// UsageError where knows_new_users() is false.
    virtual at::Tensor new_user_scores(const at::Tensor& items) = 0;
};

}  // namespace embark
