#include "safetensors.h"

#include <vector>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "detail/checksum.h"
#include "detail/safetensors_format.h"
#include "detail/safetensors_reader.h"
#include "error.h"
#include "file.h"

namespace embark {

namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

const std::string& type_name(at::ScalarType type, const std::string& tensor) {
    for (const auto& [known, name] : safetensors::type_names()) {
        if (known == type) return name;
    }
    fail("Cannot save tensor '", tensor, "': safetensors has no type ", c10::toString(type));
}

std::string_view bytes_of(const at::Tensor& tensor) {
    return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

std::string_view bytes_of(const uint64_t& number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::string dumped(const Json& header, const fs::path& path) {
    try {
        return header.dump();
    } catch (const Json::type_error&) {
        fail("Cannot save ", path.string(), ": a name or a text in it is not UTF-8");
    }
}

}  // namespace

void save_safetensors(const fs::path& path, const TensorFile& content) {
    Json header = Json::object();
    header["__metadata__"] = content.metadata;
    header["__metadata__"][safetensors::kChecksumKey] = std::string(safetensors::kChecksumDigits, '0');
    std::vector<at::Tensor> tensors;
    uint64_t offset = 0;
    for (const auto& [name, tensor] : content.tensors) {
        tensors.push_back(tensor.detach().to(at::kCPU).contiguous());
        const uint64_t end = offset + tensors.back().nbytes();
        header[name] = {{"dtype", type_name(tensor.scalar_type(), name)},
                        {"shape", tensor.sizes().vec()},
                        {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text = dumped(header, path);
    text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data begin aligned
    const uint64_t size = text.size();
    std::vector<std::string_view> parts = {bytes_of(size), text};
    for (const auto& tensor : tensors) parts.push_back(bytes_of(tensor));
    text.replace(safetensors::checksum_at(text), safetensors::kChecksumDigits, crc32_hex(parts));
    write_file_atomically(path, parts);
}

TensorFile load_safetensors(const fs::path& path, Checksum checksum) {
    SafetensorsReader reader(path, checksum);
    TensorFile file{.tensors = {}, .metadata = reader.metadata()};
    for (const auto& name : reader.names()) file.tensors[name] = reader.read(name);
    return file;
}

}  // namespace embark
