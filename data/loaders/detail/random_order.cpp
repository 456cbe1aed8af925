#include "random_order.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

namespace embark {

at::Tensor permutation(int64_t n, uint64_t seed) {
    return at::randperm(n, at::detail::createCPUGenerator(seed), at::kLong);
}

std::vector<int64_t> random_order(int64_t rows, uint64_t seed) {
    const at::Tensor order = permutation(rows, seed);
    const int64_t* data = order.const_data_ptr<int64_t>();
    return {data, data + rows};
}

}  // namespace embark
