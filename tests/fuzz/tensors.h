#pragma once

#include <string>
#include <string_view>

namespace embark::fuzz {

/// A safetensors file of ours with the checksum that its bytes should have, so that mutations get past it.
std::string with_checksum(std::string_view bytes);

}  // namespace embark::fuzz
