#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

namespace embark {

/// The gradient of an embedding's weights, (rows, width), as the rows that a batch touched: it is 0 in all others.
struct RowGradient {
    /// One of the optimizer's parameters: float32, contiguous, on the CPU.
    at::Tensor parameter;
    /// Distinct rows.
    std::span<const int64_t> rows;
    /// Their gradients one after the other: rows.size() · width numbers.
    std::span<float> values;
};

}  // namespace embark
