#include "parquet_rows.h"

#include <ATen/ATen.h>

#include "../../loaders/detail/random_order.h"

namespace embark {

bool ParquetPart::has(int64_t row) const {
    if (!side_) return true;
    return (uniform(seed_, row) < valid_pct_) == (*side_ == Side::valid);
}

int64_t ParquetPart::count(int64_t group) const {
    if (!side_) return files_->rows(group);
    const int64_t first = files_->first_row(group), last = first + files_->rows(group);
    int64_t counted = 0;
    for (int64_t row = first; row < last; ++row) counted += has(row);
    return counted;
}

at::Tensor ParquetPart::rows(int64_t group) const {
    if (!side_) return at::arange(files_->rows(group));
    const int64_t first = files_->first_row(group), last = first + files_->rows(group);
    std::vector<int64_t> rows;
    for (int64_t row = first; row < last; ++row) {
        if (has(row)) rows.push_back(row - first);
    }
    return at::tensor(rows, at::kLong);
}

ParquetRows::ParquetRows(ParquetPart part, std::vector<std::string> columns, Encode encode)
    : part_(std::move(part)), columns_(std::move(columns)), encode_(std::move(encode)) {
    for (int64_t group = 0; group < part_.files().n_groups(); ++group) piece_rows_.push_back(part_.count(group));
}

TensorDataset ParquetRows::read(int64_t piece) const {
    return encode_(part_.files().read(piece, columns_), part_.rows(piece));
}

}  // namespace embark
