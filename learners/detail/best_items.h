#pragma once

#include <string>
#include <vector>

#include "../../core/top_items.h"
#include "../../predictor/scored.h"
#include "../../predictor/vocabulary.h"

namespace embark {

/// The first row's items by name.
std::vector<Scored> scored_items(const TopItems& top, const Vocabulary& names);

/// The `k` best of `scores` (items) that `allowed` (items, bool; undefined: all) lets through. Throws UsageError for a
/// k below 1.
std::vector<Scored> best_items(const at::Tensor& scores, const at::Tensor& allowed, const Vocabulary& names, int64_t k);

/// The `k` nearest to item `item` by cosine similarity of `factors` (items, width). Throws Error for an unknown one.
std::vector<Scored> nearest_items(const Vocabulary& names, const at::Tensor& factors, const std::string& item,
                                  int64_t k);

/// The number of `item`. Throws Error where it is unknown, and names near ones.
int64_t known_item(const Vocabulary& names, const std::string& item);

}  // namespace embark
