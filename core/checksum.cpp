#include "checksum.h"

#include <cstdio>

#include <zlib.h>

namespace embark {

std::string crc32_hex(const std::vector<std::string_view>& parts) {
    uLong crc = crc32_z(0, nullptr, 0);
    for (const auto part : parts) {
        // An empty part may have no address, which to zlib would mean to begin anew.
        if (!part.empty()) crc = crc32_z(crc, reinterpret_cast<const Bytef*>(part.data()), part.size());
    }
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08lx", crc);
    return digits;
}

}  // namespace embark
