#include "tensors.h"

#include <mutex>

#include <torch/torch.h>

namespace embark {

void set_seed(uint64_t seed) {
    torch::manual_seed(seed);
}

at::Tensor rng_state() {
    auto generator = at::detail::getDefaultCPUGenerator();
    const std::lock_guard lock(generator.mutex());
    return generator.get_state();
}

void set_rng_state(const at::Tensor& state) {
    auto generator = at::detail::getDefaultCPUGenerator();
    const std::lock_guard lock(generator.mutex());
    generator.set_state(state);
}

}  // namespace embark
