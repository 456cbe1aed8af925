#pragma once

#include <random>
#include <string>
#include <string_view>

namespace embark::fuzz {

/// A safetensors file of ours with the checksum that its bytes should have, so that mutations get past it.
std::string with_checksum(std::string_view bytes);

/// A safetensors file of ours in which one tensor or text is forged.
std::string forged_tensor_file(const std::string& seed, std::mt19937_64& random);

}  // namespace embark::fuzz
