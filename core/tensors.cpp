#include "tensors.h"

#include <mutex>

#include <torch/cuda.h>
#include <torch/types.h>

namespace embark {

void set_seed(uint64_t seed) {
    torch::manual_seed(seed);
}

namespace {

/// The CPU's first.
std::vector<at::Generator> default_generators() {
    std::vector<at::Generator> generators = {at::detail::getDefaultCPUGenerator()};
    const auto n_devices = static_cast<at::DeviceIndex>(torch::cuda::device_count());
    for (at::DeviceIndex i = 0; i < n_devices; ++i) {
        generators.push_back(at::globalContext().defaultGenerator({at::kCUDA, i}));
    }
    return generators;
}

at::Tensor state_of(at::Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    return generator.get_state();
}

}  // namespace

at::Tensor rng_state() {
    Tensors states;
    for (auto& generator : default_generators()) states.push_back(state_of(generator));
    return at::cat(states);
}

void set_rng_state(const at::Tensor& state) {
    int64_t begin = 0;
    for (auto& generator : default_generators()) {
        const int64_t size = state_of(generator).numel();
        if (begin > 0 && begin + size > state.numel()) return;
        const std::lock_guard lock(generator.mutex());
        generator.set_state(state.slice(0, begin, begin + size).clone());
        begin += size;
    }
}

}  // namespace embark
