#pragma once

#include <ATen/core/Tensor.h>

namespace embark {

/// Throws Error unless set_rng_state can go on with `state`, which may come from a file. LibTorch's own check lets a
/// CPU generator through that would read numbers from beyond its table.
void check_rng_state(const at::Tensor& state);

}  // namespace embark
