#pragma once

#include <map>
#include <string>

#include <nlohmann/json.hpp>

namespace embark::tools {

/// What `embark inspect --json` says of an exported file: its schema, and of a TorchScript file also what its module
/// has.
nlohmann::json file_contents(const std::string& path);

/// What an ONNX file that Embark wrote says of itself. Throws Error for others.
std::string onnx_description(const std::string& path);

/// The entry `name` of an ONNX file's metadata. Throws Error with `otherwise` as its message where it is missing.
const std::string& onnx_entry(const std::map<std::string, std::string>& metadata, const std::string& name,
                              const std::string& otherwise);

}  // namespace embark::tools
