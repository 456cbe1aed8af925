#pragma once

#include "../batch.h"

namespace embark {

/// The rows of `data` whose numbers are entries `begin` to before `begin + length` of `order` (1-d int64, on the data's
/// device).
Batch gather(const TensorDataset& data, const at::Tensor& order, int64_t begin, int64_t length);

/// The rows of a tensor (1-d int64), as index_select takes them, which is several times slower where rows are short and
/// lie apart. Throws LibTorch's error for one that is not there.
at::Tensor take_rows(const at::Tensor& tensor, const at::Tensor& rows);

}  // namespace embark
