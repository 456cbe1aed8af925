#include "random_order.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

namespace embark {

at::Tensor permutation(int64_t n, uint64_t seed) {
    return at::randperm(n, at::detail::createCPUGenerator(seed), at::kLong);
}

}  // namespace embark
