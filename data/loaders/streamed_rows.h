#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "batch.h"

namespace embark {

/// Rows of a data set that are read piece by piece while a model trains, because all of them at once would not fit into
/// memory. CollabDataLoaders::from_parquet and TabularDataLoaders::from_parquet make their own; derive from it for rows
/// that come from elsewhere, and give it to a DataLoader.
class StreamedRows {
public:
    virtual ~StreamedRows();

    /// How many rows each piece has, at least 0. A piece is read at once: some ten thousand rows are a good size.
    virtual const std::vector<int64_t>& piece_rows() const = 0;

    /// The rows of a piece in their order, on the CPU, without weights: as many as piece_rows() says, alike in all
    /// pieces but in their number. Called from a thread of its own, which reads ahead.
    virtual TensorDataset read(int64_t piece) const = 0;

    /// Where the rows come from, for messages: "ratings/".
    virtual std::string source() const = 0;
};

}  // namespace embark
