#include "batch.h"

#include <ATen/ATen.h>

#include "detail/gather.h"
#include "detail/map_tensors.h"

namespace embark {

double Batch::weight() const {
    return weights.defined() ? weights.sum(at::kDouble).item<double>() : static_cast<double>(size());
}

Batch Batch::take(const at::Tensor& indices) const {
    return map_tensors(*this, [&](const at::Tensor& tensor) { return take_rows(tensor, indices); });
}

}  // namespace embark
