#pragma once

#include "../../core/tensors.h"

namespace embark {

class Strategy;

/// The tensors of all batches in their order, on the CPU, where process r of n has those of batches r, r + n, r + 2n,
/// …: alike but in their first dimension.
Tensors gather_batches(Strategy& strategy, const Tensors& batches);

}  // namespace embark
