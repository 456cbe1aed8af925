#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

/// What a model takes and gives: one or more tensors, in the order of its `forward`'s arguments or results.
using Tensors = std::vector<at::Tensor>;

/// Seeds LibTorch's default generators on every device: initial weights, dropout. The order of batches has a seed of
/// its own (DataLoaderOptions::seed).
void set_seed(uint64_t seed);

/// The states of LibTorch's default generators, of the CPU and each CUDA device, one after the other as bytes.
at::Tensor rng_state();
/// Sets the generators to what rng_state() gave. Devices of which `state` has none go on by themselves.
void set_rng_state(const at::Tensor& state);

}  // namespace embark
