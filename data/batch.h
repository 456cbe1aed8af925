#pragma once

#include "../core/tensors.h"

namespace embark {

/// Rows of a data set as a model sees them: any number of inputs and targets, each with one row a sample in its first
/// dimension.
struct Batch {
    Tensors inputs;
    Tensors targets;

    /// Rows in this batch; 0 where there are no inputs.
    int64_t size() const { return inputs.empty() ? 0 : inputs.front().size(0); }
};

/// A whole data set in memory has the form of one large batch.
using TensorDataset = Batch;

}  // namespace embark
