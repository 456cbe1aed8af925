#pragma once

#include <ATen/core/Tensor.h>

namespace embark {

class Strategy;

/// Everyone's rows, one rank's after the other's, in rank 0; undefined in the others. Tensors alike but in their first
/// dimension. They travel in pieces, so that beyond the result no more than some pieces are held.
at::Tensor gather_rows(Strategy& strategy, const at::Tensor& rows);

}  // namespace embark
