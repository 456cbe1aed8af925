#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tensors.h"

namespace embark {

/// The content of a safetensors file: tensors by name, and text by name. The format is Hugging Face's: 8 bytes of
/// header length, a JSON header, raw little-endian tensors; Python's `safetensors` reads what we write.
struct TensorFile {
    std::map<std::string, at::Tensor> tensors;    ///< by name
    std::map<std::string, std::string> metadata;  ///< texts by name; the header's `__metadata__`
};

/// Writes `content` atomically (see write_file_atomically) with a CRC-32 of the whole file in its metadata, under
/// "embark_crc32". Tensors of any device, contiguous or not. Throws Error on failure; then nothing was changed.
void save_safetensors(const std::filesystem::path& path, const TensorFile& content);

/// Whether a file must have the checksum that save_safetensors writes; files of other programs have none.
enum class Checksum {
    required,   ///< a file without one is an Error
    if_present  ///< a file without one is read
};

/// Reads and checks the whole file before returning any of it: sizes, offsets, types and the checksum. Throws Error for
/// anything that is not a whole, sound safetensors file. Tensors are on the CPU.
TensorFile load_safetensors(const std::filesystem::path& path, Checksum checksum = Checksum::if_present);

}  // namespace embark
