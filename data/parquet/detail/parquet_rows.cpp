#include "parquet_rows.h"

#include <numeric>

#include <ATen/ATen.h>

#include "../../loaders/detail/random_order.h"

namespace embark {

template <class Take>
void ParquetPart::for_each_row(int64_t group, Take take) const {
    const int64_t first = files_->first_row(group), n = files_->rows(group);
    for (int64_t row = 0; row < n; ++row) {
        if (has(first + row)) take(row);
    }
}

ParquetPart::ParquetPart(std::shared_ptr<const ParquetFiles> files) : files_(std::move(files)) {
    for (int64_t group = 0; group < files_->n_groups(); ++group) group_rows_.push_back(files_->rows(group));
}

ParquetPart::ParquetPart(std::shared_ptr<const ParquetFiles> files, Side side, double valid_pct, uint64_t seed)
    : files_(std::move(files)), side_(side), valid_pct_(valid_pct), seed_(seed) {
    for (int64_t group = 0; group < files_->n_groups(); ++group) {
        int64_t count = 0;
        for_each_row(group, [&](int64_t) { ++count; });
        group_rows_.push_back(count);
    }
}

bool ParquetPart::has(int64_t row) const {
    return !side_ || (uniform(seed_, row) < valid_pct_) == (*side_ == Side::valid);
}

at::Tensor ParquetPart::rows(int64_t group) const {
    if (!side_) return at::arange(files_->rows(group));
    std::vector<int64_t> rows;
    for_each_row(group, [&](int64_t row) { rows.push_back(row); });
    return at::tensor(rows, at::kLong);
}

int64_t ParquetPart::rows() const {
    return std::accumulate(group_rows_.begin(), group_rows_.end(), int64_t{0});
}

}  // namespace embark
