#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "splitters.h"

namespace embark {

// Folds for cross-validation: k splits, each row for validation in exactly one of them. A fold serves as the splitter
// of a data set by `[=](const Table&) { return folds[i]; }`.

/// `rows` rows in `k` folds, drawn at random, of sizes that differ by one at most: the first rows % k are larger.
/// Throws UsageError unless 2 ≤ k, Error where there are fewer rows than folds.
std::vector<Split> k_fold(int64_t rows, int64_t k = 5, uint64_t seed = 42);

/// As k_fold, with each value of `column` spread evenly: its numbers of rows in any two folds differ by one at most.
/// Which fold has more of which follows scikit-learn's StratifiedKFold. A value of fewer than k rows is not in every
/// fold; missing values count as one value.
std::vector<Split> stratified_k_fold(const Table& table, std::string_view column, int64_t k = 5, uint64_t seed = 42);

/// Folds in which no group, the rows with the same value of `column`, is divided: each group, the largest first, goes
/// into the fold that has the fewest rows (scikit-learn's GroupKFold; nothing is drawn). Missing values count as one
/// group. Throws UsageError unless 2 ≤ k, Error where there are fewer groups than folds.
std::vector<Split> group_k_fold(const Table& table, std::string_view column, int64_t k = 5);

}  // namespace embark
