#pragma once

#include <random>
#include <string>
#include <vector>

namespace embark::fuzz {

/// `seed` with a few of its bytes, numbers or stretches changed, or with a part of another of `seeds`.
std::string mutated(const std::string& seed, const std::vector<std::string>& seeds, std::mt19937_64& random);

}  // namespace embark::fuzz
