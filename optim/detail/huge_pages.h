#pragma once

#include <ATen/core/Tensor.h>

namespace embark {

/// Has Linux keep the memory of a tensor in pages of 2 MB where it gives them, so that rows which are touched at random
/// need fewer look-ups of where they lie. Takes some 0.3 ms for each MB. Without effect on what the tensor holds; does
/// nothing for tensors of less than 4 MB, for those that are not contiguous or not on the CPU, where the system's
/// setting is `never`, and on other systems.
void prefer_huge_pages(const at::Tensor& tensor);

}  // namespace embark
