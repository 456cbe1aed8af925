#include "k_fold.h"

#include <algorithm>
#include <numeric>

#include "../../core/error.h"
#include "../table/detail/table_impl.h"
#include "../table/table.h"
#include "detail/random_order.h"
#include "detail/split_rows.h"

namespace embark {

namespace {

void require_folds(int64_t k, int64_t available, const char* what) {
    require<UsageError>(k >= 2, "Invalid number of folds ", k, ": at least 2 are needed");
    require(available >= k, "There cannot be ", k, " folds of ", available, " ", what, "; each needs one at least");
}

/// The split of each of `k` folds, from the fold of each row.
std::vector<Split> splits_of(const std::vector<int64_t>& fold_of_row, int64_t k) {
    std::vector<Split> splits;
    std::vector<char> is_valid(fold_of_row.size());
    for (int64_t fold = 0; fold < k; ++fold) {
        std::transform(fold_of_row.begin(), fold_of_row.end(), is_valid.begin(),
                       [&](int64_t other) { return other == fold; });
        splits.push_back(split_by(is_valid));
    }
    return splits;
}

}  // namespace

std::vector<Split> k_fold(int64_t rows, int64_t k, uint64_t seed) {
    require_folds(k, rows, "rows");
    std::vector<int64_t> fold_of_row(static_cast<size_t>(rows));
    int64_t number = 0;
    for (const int64_t row : random_order(rows, seed)) fold_of_row[static_cast<size_t>(row)] = number++ % k;
    return splits_of(fold_of_row, k);
}

std::vector<Split> stratified_k_fold(const Table& table, std::string_view column, int64_t k, uint64_t seed) {
    require_folds(k, table.rows(), "rows");
    const RowClasses classes = row_classes(table, column);
    std::vector<int64_t> order = random_order(table.rows(), seed);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return classes.of_row[static_cast<size_t>(a)] < classes.of_row[static_cast<size_t>(b)];
    });
    std::vector<int64_t> fold_of_row(order.size());
    for (size_t i = 0; i < order.size(); ++i) {
        fold_of_row[static_cast<size_t>(order[i])] = static_cast<int64_t>(i) % k;
    }
    return splits_of(fold_of_row, k);
}

std::vector<Split> group_k_fold(const Table& table, std::string_view column, int64_t k) {
    const RowClasses groups = row_classes(table, column);
    require_folds(k, static_cast<int64_t>(groups.sizes.size()), "groups");
    std::vector<size_t> order(groups.sizes.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return groups.sizes[a] > groups.sizes[b]; });
    std::vector<int64_t> rows_of_fold(static_cast<size_t>(k), 0), fold_of_group(order.size());
    for (const size_t group : order) {
        const auto lightest = std::min_element(rows_of_fold.begin(), rows_of_fold.end());
        *lightest += groups.sizes[group];
        fold_of_group[group] = lightest - rows_of_fold.begin();
    }
    std::vector<int64_t> fold_of_row;
    for (const int32_t group : groups.of_row) fold_of_row.push_back(fold_of_group[static_cast<size_t>(group)]);
    return splits_of(fold_of_row, k);
}

}  // namespace embark
