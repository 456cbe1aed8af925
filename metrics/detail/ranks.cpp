#include "ranks.h"

#include <torch/types.h>

namespace embark {

at::Tensor average_ranks(const at::Tensor& values) {
    const auto [unique, place, counts] =
        at::_unique2(values, /*sorted=*/true, /*return_inverse=*/true, /*return_counts=*/true);
    const auto size = counts.to(at::kDouble);
    const auto rank = size.cumsum(0) - (size - 1) / 2;
    return rank.index_select(0, place);
}

}  // namespace embark
