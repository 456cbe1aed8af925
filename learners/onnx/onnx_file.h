#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace embark {

/// Whether a file of this name is one of ONNX: its name ends with .onnx.
bool is_onnx(const std::filesystem::path& path);

/// What an ONNX file says of itself, its metadata_props, by name. Of a file that Embark wrote, "embark" is the description
/// that FileInfo::description has and "schema" what file_schema makes of it. Throws Error for a file that is not ONNX,
/// or damaged.
std::map<std::string, std::string> read_onnx_metadata(const std::filesystem::path& path);

}  // namespace embark
