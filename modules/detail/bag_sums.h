#pragma once

#include <ATen/core/Tensor.h>

#include "../../core/bags.h"

namespace embark {

/// The bags with integers again: Module::to(dtype) turns every buffer into that type. Float64 keeps them exactly; throws
/// Error for another.
Bags with_integers(const Bags& bags);

/// Σ weight · table[index] over the bag of each of `rows` (n) int64: (n, width). With `dropout`, each entry is left out
/// with that probability, and the others are scaled up by 1/(1 − dropout). `sparse`: the table's gradient is.
at::Tensor bag_sums(const Bags& bags, const at::Tensor& rows, const at::Tensor& table, double dropout = 0,
                    bool sparse = false);

}  // namespace embark
