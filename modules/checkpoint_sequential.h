#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <torch/nn/modules/container/sequential.h>

namespace embark {

/// `blocks` on `input`, with the memory of a part of them: gradient checkpointing (Chen et al. 2016, arXiv:1604.06174),
/// PyTorch's checkpoint_sequential. The blocks, each of one tensor to one tensor, are divided into `segments` parts of
/// equal length, the last one longer. A training step keeps each part's input alone, but for the last part, and
/// computes the rest again in the backward pass: with about √n segments of n blocks it keeps about 2·√n activations
/// rather than n, for one more forward pass. For a module's forward:
///
///     torch::Tensor forward(const torch::Tensor& x) { return head(checkpoint_sequential(blocks, 4, x)); }
///
/// Loss, gradients, random numbers and buffers, as batch norm's, are those of blocks->forward(input). Where no
/// gradients are recorded it is that call. There are no second derivatives. Throws UsageError for fewer than one
/// segment, or more than there are blocks.
at::Tensor checkpoint_sequential(const torch::nn::Sequential& blocks, int64_t segments, const at::Tensor& input);

}  // namespace embark
