#pragma once

#include "../../data/loaders/batch.h"
#include "../../modules/losses/losses.h"

namespace embark {

/// What the loss compares the outputs with: the batch's targets, or its inputs; empty where it has none.
const Tensors& compared(const Loss& loss, const Batch& batch);

/// The loss of a batch as a scalar: the mean over its rows, weighted where the batch has weights.
at::Tensor batch_loss(const Loss& loss, const Tensors& predictions, const Batch& batch);

/// What a batch counts in the mean over batches that makes the loss of all their rows: the sum of its weights, else
/// what the loss says.
double batch_weight(const Loss& loss, const Batch& batch);

/// Σ wᵢ·lᵢ / Σ wᵢ of the rows' own losses, (n), and of their weights, (n); 0 where every weight is 0. The plain mean
/// where `weights` is undefined.
at::Tensor mean_over_rows(const at::Tensor& losses, const at::Tensor& weights);

}  // namespace embark
