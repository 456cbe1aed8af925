#pragma once

#include <string>
#include <utility>
#include <vector>

#include <c10/core/ScalarType.h>

namespace embark::safetensors {

// What the writer and the reader of safetensors files agree on. Not part of the public interface.

/// Where the checksum stands in the metadata, and how many digits it has.
inline constexpr const char* kChecksumKey = "embark_crc32";
inline constexpr size_t kChecksumDigits = 8;

/// The types of tensors, and the format's names for them.
const std::vector<std::pair<at::ScalarType, std::string>>& type_names();

/// Where in the header the checksum's digits begin; std::string::npos where it has none.
size_t checksum_at(const std::string& header);

}  // namespace embark::safetensors
