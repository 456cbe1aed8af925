#pragma once

#include "../../core/tensors.h"

namespace embark {

/// Rows of a data set as a model sees them: any number of inputs and targets, each with one row a sample in its first
/// dimension.
struct Batch {
    Tensors inputs;   ///< what the model is called with
    Tensors targets;  ///< what its outputs are compared with
    /// (rows), at least 0: how much each row counts in the loss; undefined where all count alike.
    at::Tensor weights = {};

    /// Rows in this batch; 0 where there are no inputs.
    int64_t size() const { return inputs.empty() ? 0 : inputs.front().size(0); }

    /// What this batch counts in a mean over batches: the sum of its weights, its number of rows where it has none.
    double weight() const;

    /// The rows at `indices` (int64, 1-d), in that order.
    Batch take(const at::Tensor& indices) const;
};

/// A whole data set in memory has the form of one large batch.
using TensorDataset = Batch;

}  // namespace embark
