#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace embark::fuzz {

/// An integer from 0 to n - 1; 0 for n = 0.
size_t below(size_t n, std::mt19937_64& random);

/// `seed` with a few of its bytes, numbers or stretches changed, or with a part of another of `seeds`.
std::string mutated(const std::string& seed, const std::vector<std::string>& seeds, std::mt19937_64& random);

}  // namespace embark::fuzz
