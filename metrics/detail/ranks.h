#pragma once

#include <ATen/core/Tensor.h>

namespace embark {

/// The ranks of a vector's values from 1 on, in float64, equal values sharing the mean of their ranks.
at::Tensor average_ranks(const at::Tensor& values);

}  // namespace embark
