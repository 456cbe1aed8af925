#pragma once

#include "../batch.h"

namespace embark {

/// The rows of `data` whose numbers are entries `begin` to before `begin + length` of `order` (1-d int64, on the data's
/// device).
Batch gather(const TensorDataset& data, const at::Tensor& order, int64_t begin, int64_t length);

}  // namespace embark
