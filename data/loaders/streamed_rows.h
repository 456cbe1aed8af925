#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "row_source.h"

namespace embark {

/// Rows of a data set that are read piece by piece while a model trains, because all of them at once would not fit into
/// memory. CollabDataLoaders::from_parquet and TabularDataLoaders::from_parquet make their own; derive from it for rows
/// that come from elsewhere, and give it to a DataLoader.
///
/// Shuffled, the pieces are read in a new order each epoch, `shuffle_buffer` rows or a little more at a time, and these
/// mixed. Of several processes each reads its own range of the rows.
class StreamedRows : public RowSource {
public:
    /// How many rows each piece has, at least 0. A piece is read at once: some ten thousand rows are a good size.
    virtual const std::vector<int64_t>& piece_rows() const = 0;

    /// The rows of a piece in their order, on the CPU, without weights: as many as piece_rows() says, alike in all
    /// pieces but in their number. Called from a thread of its own, which reads ahead.
    virtual TensorDataset read(int64_t piece) const = 0;

    int64_t rows() const override;
    std::unique_ptr<RowPass> pass(const PassOptions& options) const override;
    Batch first_rows(int64_t n, uint64_t random) const override;
    std::map<std::string, std::string> facts() const override;
    std::map<std::string, int64_t> order_settings(const PassOptions& options) const override;
};

}  // namespace embark
