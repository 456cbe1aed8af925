#include "torch_archive.h"

#include <cstdint>

#include "../error.h"

namespace embark {

namespace {

/// Data are packed as they are; code, which is deflated, is never so much.
constexpr uint64_t kMostGrowth = 64 << 20;

uint64_t bytes_in(std::istream& stream) {
    const auto at = stream.tellg();
    stream.seekg(0, std::ios::end);
    const auto end = stream.tellg();
    stream.seekg(at);
    return static_cast<uint64_t>(end);
}

}  // namespace

TorchArchive::TorchArchive(std::istream& stream) : reader_(&stream) {
    const uint64_t most = bytes_in(stream) + kMostGrowth;
    uint64_t unpacked = 0;
    for (const std::string& name : names()) {
        const uint64_t bytes = size(name);
        require(bytes <= most - unpacked, "what is packed in it is larger than ", most, " bytes");
        unpacked += bytes;
    }
}

std::string TorchArchive::read(const std::string& name) {
    const auto [data, size] = reader_.getRecord(name);
    return {static_cast<const char*>(data.get()), size};
}

}  // namespace embark
