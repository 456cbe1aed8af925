#include "batch.h"

#include <ATen/ATen.h>

namespace embark {

double Batch::weight() const {
    return weights.defined() ? weights.sum(at::kDouble).item<double>() : static_cast<double>(size());
}

}  // namespace embark
