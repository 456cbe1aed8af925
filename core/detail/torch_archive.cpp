#include "torch_archive.h"

#include "../error.h"

namespace embark {

namespace {

constexpr size_t kMostCode = 64 << 20;

size_t bytes_in(std::istream& stream) {
    const auto at = stream.tellg();
    stream.seekg(0, std::ios::end);
    const auto end = stream.tellg();
    stream.seekg(at);
    return static_cast<size_t>(end);
}

}  // namespace

TorchArchive::TorchArchive(std::istream& stream) : size_(bytes_in(stream)), reader_(&stream) {
    size_t code_left = kMostCode, data_left = size_;
    for (const std::string& name : names()) {
        size_t& left = name.starts_with("code/") ? code_left : data_left;
        const size_t bytes = size(name);
        require(bytes <= left, "what is packed in it, such as '", name.substr(0, 80),
                "', is larger than in any model's file");
        left -= bytes;
    }
}

std::string TorchArchive::read(const std::string& name) {
    const auto [data, size] = reader_.getRecord(name);
    return {static_cast<const char*>(data.get()), size};
}

}  // namespace embark
