#include "random_order.h"

#include <algorithm>
#include <array>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/MT19937RNGEngine.h>

namespace embark {

namespace {

/// Beyond so many numbers torch.randperm draws from 64 random bits.
constexpr int64_t kMostOf32Bits = 1 << 27;

/// torch.randperm's shuffle (Fisher and Yates). Where numbers are to be swapped is known some swaps ahead, so that the
/// memory of these places can be asked for in time: a large array is shuffled in less than half the time.
void shuffle(int64_t* numbers, int64_t n, uint64_t seed) {
    constexpr int64_t kAhead = 256;
    std::array<int64_t, kAhead> places;
    at::mt19937 random(seed);
    for (int64_t begin = 0; begin < n - 1; begin += kAhead) {
        const int64_t count = std::min(kAhead, n - 1 - begin);
        for (int64_t i = 0; i < count; ++i) {
            const int64_t first = begin + i;
            places[static_cast<size_t>(i)] = first + random() % static_cast<uint32_t>(n - first);
            __builtin_prefetch(numbers + places[static_cast<size_t>(i)], /*for writing=*/1);
        }
        for (int64_t i = 0; i < count; ++i) std::swap(numbers[begin + i], numbers[places[static_cast<size_t>(i)]]);
    }
}

}  // namespace

at::Tensor permutation(int64_t n, uint64_t seed) {
    if (n > kMostOf32Bits) return at::randperm(n, at::detail::createCPUGenerator(seed), at::kLong);
    at::Tensor numbers = at::arange(n);
    shuffle(numbers.mutable_data_ptr<int64_t>(), n, seed);
    return numbers;
}

}  // namespace embark
