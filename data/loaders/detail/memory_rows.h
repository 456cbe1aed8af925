#pragma once

#include "../row_source.h"

namespace embark {

/// Rows that were encoded once to contiguous tensors on one device: a batch is one index_select a tensor, and a view
/// where nothing is shuffled.
class MemoryRows : public RowSource {
public:
    /// Throws Error for no inputs, no rows, tensors of different lengths, and weights that cannot be some.
    MemoryRows(const TensorDataset& data, at::Device device);

    int64_t rows() const override { return data_.size(); }
    std::string source() const override { return "the tensors in memory"; }
    std::unique_ptr<RowPass> pass(const PassOptions& options) const override;
    bool is_weighted() const override { return data_.weights.defined(); }
    bool takes_order() const override { return true; }
    Batch first_rows(int64_t n, uint64_t random) const override;
    TensorDataset sample(int64_t, uint64_t) const override { return data_; }
    const TensorDataset& data() const override { return data_; }
    std::map<std::string, std::string> facts() const override;

private:
    TensorDataset data_;
};

}  // namespace embark
