#pragma once

#include <ATen/core/Tensor.h>

#include "../tabular.h"

namespace embark {

/// The rows' own numbers, (rows, own numbers) float64, missing ones filled. `rows` are 1-d int64.
at::Tensor own_values(const TabularData& data, const Table& table, const at::Tensor& rows);

/// Adds to `data` the numbers that are derived from others, as the options say, and returns those of the training rows,
/// (train, derived) float64; undefined where there are none. `targets` are these rows' encoded ones. Throws Error for a
/// column that is not one of numbers, a name that is taken, and more neighbours than there are rows, or more rows than
/// can be searched.
at::Tensor fit_derived(TabularData& data, const Table& table, const TabularOptions& options, const at::Tensor& train,
                       const Tensors& targets);

}  // namespace embark
