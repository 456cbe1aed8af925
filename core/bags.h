#pragma once

#include <ATen/core/Tensor.h>

namespace embark {

/// Lists of different lengths, one a row: what row r holds are indices[offsets[r]] … indices[offsets[r + 1] − 1],
/// ascending, each with a weight. offsets (rows + 1) and indices are int64, weights float32, all on the CPU.
struct Bags {
    at::Tensor offsets, indices, weights;

    bool defined() const { return offsets.defined(); }
};

}  // namespace embark
