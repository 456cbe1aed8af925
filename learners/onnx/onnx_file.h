#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace embark {

/// Whether a file of this name is one of ONNX: its name ends with .onnx.
bool is_onnx(const std::filesystem::path& path);

/// What an ONNX file says of itself, its metadata_props, by name. Of a file that Embark wrote, "embark" is the description
/// that FileInfo::description has and "schema" what file_schema makes of it. Throws Error for a file that is not ONNX,
/// or damaged.
std::map<std::string, std::string> read_onnx_metadata(const std::filesystem::path& path);

/// An input or output of an ONNX file.
struct OnnxValue {
    std::string name;  ///< as the file calls it
    /// The element type's number in onnx.proto.
    int64_t type = 0;
    /// −1 for a size that is free.
    std::vector<int64_t> dims = {};
};

/// What an ONNX file takes and gives.
struct OnnxSignature {
    std::vector<OnnxValue> inputs,  ///< in the order of the graph's inputs
        outputs;                    ///< in the order of its outputs
};

/// An ONNX file in memory, and its name.
struct OnnxBytes {
    std::filesystem::path name;  ///< what messages call it
    std::string bytes;           ///< the file's content
};

/// What an ONNX file takes and gives, in its order. Throws as above.
OnnxSignature read_onnx_signature(const OnnxBytes& file);

}  // namespace embark
