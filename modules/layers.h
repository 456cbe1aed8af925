#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "../core/range.h"

namespace torch::nn {
class Module;
}

namespace embark {

/// sigmoid(x) · (high − low) + low, of x's shape: any number mapped into the range (fastai's sigmoid_range).
at::Tensor sigmoid_range(const at::Tensor& x, const Range& range);

/// Fills `weight` with normal numbers, taken modulo 2, times `std`: fastai's initialisation of embeddings
/// (`trunc_normal_` with std 0.01).
void trunc_normal_(const at::Tensor& weight, double std = 0.01);

/// Gives the last linear layer of `model` (a Linear or an NLinear), in the order in which its layers were registered,
/// `n_out` outputs and new weights, in place: whoever holds the layer sees the new one. Returns its name. Throws Error
/// where it is missing, and UsageError for a TabularModel with several outputs.
std::string replace_last_layer(torch::nn::Module& model, int64_t n_out);

/// Throws UsageError unless the range is empty or low < high, both finite.
void check_y_range(const Range& range);

}  // namespace embark
