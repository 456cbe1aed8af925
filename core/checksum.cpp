#include "checksum.h"

#include <cstdio>

#include <zlib.h>

namespace embark {

void Crc32::add(std::string_view part) {
    // An empty part may have no address, which to zlib would mean to begin anew.
    if (!part.empty()) crc_ = crc32_z(crc_, reinterpret_cast<const Bytef*>(part.data()), part.size());
}

std::string Crc32::hex() const {
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08lx", crc_);
    return digits;
}

std::string crc32_hex(const std::vector<std::string_view>& parts) {
    Crc32 crc;
    for (const auto part : parts) crc.add(part);
    return crc.hex();
}

}  // namespace embark
