#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

/// splitmix64's output function (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014):
/// spreads every bit of the input over the whole word.
inline uint64_t mix(uint64_t word) {
    word += 0x9E3779B97F4A7C15u;
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
    return word ^ (word >> 31);
}

/// The seed number `number` of those that follow from `seed`.
inline uint64_t derived_seed(uint64_t seed, int64_t number) {
    return mix(mix(seed) + static_cast<uint64_t>(number));
}

/// Number `number` of those that follow from `seed`, uniform in [0, 1).
inline double uniform(uint64_t seed, int64_t number) {
    return static_cast<double>(derived_seed(seed, number) >> 11) * 0x1p-53;
}

/// The numbers 0 … n − 1 (int64) in an order that follows from the seed: torch.randperm.
at::Tensor permutation(int64_t n, uint64_t seed);
/// The same as a list.
std::vector<int64_t> random_order(int64_t n, uint64_t seed);

}  // namespace embark
