#pragma once

#include <ATen/core/Tensor.h>

#include "../core/range.h"

namespace torch::nn {
class EmbeddingImpl;
}

namespace embark {

/// sigmoid(x) · (high − low) + low, of x's shape: any number mapped into the range (fastai's sigmoid_range).
at::Tensor sigmoid_range(const at::Tensor& x, const Range& range);

/// Fills `weight` with normal numbers, taken modulo 2, times `std`: fastai's initialisation of embeddings
/// (`trunc_normal_` with std 0.01).
void trunc_normal_(const at::Tensor& weight, double std = 0.01);

/// Throws UsageError unless the range is empty or low < high, both finite.
void check_y_range(const Range& range);

}  // namespace embark
