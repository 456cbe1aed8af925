#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

namespace embark {

/// `output` with dimension `axis` as its last one. Throws Error where it has no such dimension.
at::Tensor axis_last(const at::Tensor& output, int64_t axis);

/// Whether the places of `targets` may be those of `logits` before its last dimension, the classes: both the same but
/// for dimensions of 1, unless one of the two is flat.
bool has_classes_last(const at::Tensor& logits, const at::Tensor& targets);

/// What to say beside where they are not: the axis that fits, where there is one.
std::string along_axis_hint(const at::Tensor& logits, const at::Tensor& targets);

}  // namespace embark
