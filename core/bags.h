#pragma once

#include <ATen/core/Tensor.h>

namespace embark {

/// Lists of different lengths, one a row: what row r holds are indices[offsets[r]] … indices[offsets[r + 1] − 1],
/// ascending, each with a weight. offsets (rows + 1) and indices are int64, weights float32, all on the CPU.
struct Bags {
    at::Tensor offsets,  ///< (rows + 1): where each row's entries begin
        indices,         ///< of all rows, one after the other
        weights;         ///< one for each of the indices

    /// Whether there are any lists.
    bool defined() const { return offsets.defined(); }
};

}  // namespace embark
