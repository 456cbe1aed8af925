#include "checksum.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace embark {

namespace {

// Eight bytes at a time (Kounavis and Berry 2005): kTables[k][b] is what byte b does to the sum when k bytes follow it.
// Of our own, so that a program with the predictor alone needs no zlib beside LibTorch.
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables make_tables() {
    constexpr uint32_t kPolynomial = 0xEDB88320;
    Tables tables{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; ++bit) sum = sum & 1 ? sum >> 1 ^ kPolynomial : sum >> 1;
        tables[0][byte] = sum;
    }
    for (size_t k = 1; k < tables.size(); ++k) {
        for (size_t byte = 0; byte < 256; ++byte) {
            const uint32_t before = tables[k - 1][byte];
            tables[k][byte] = before >> 8 ^ tables[0][before & 0xFF];
        }
    }
    return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

void Crc32::add(std::string_view part) {
    const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(part[i])); };
    uint32_t sum = ~crc_;
    size_t i = 0;
    for (; i + 8 <= part.size(); i += 8) {
        const uint32_t low = sum ^ (byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24);
        sum = kTables[7][low & 0xFF] ^ kTables[6][low >> 8 & 0xFF] ^ kTables[5][low >> 16 & 0xFF] ^
              kTables[4][low >> 24] ^ kTables[3][byte(i + 4)] ^ kTables[2][byte(i + 5)] ^ kTables[1][byte(i + 6)] ^
              kTables[0][byte(i + 7)];
    }
    for (; i < part.size(); ++i) sum = sum >> 8 ^ kTables[0][(sum ^ byte(i)) & 0xFF];
    crc_ = ~sum;
}

std::string Crc32::hex() const {
    std::array<char, 9> digits;
    std::snprintf(digits.data(), digits.size(), "%08x", static_cast<unsigned>(crc_));
    return digits.data();
}

std::string crc32_hex(const std::vector<std::string_view>& parts) {
    Crc32 crc;
    for (const auto part : parts) crc.add(part);
    return crc.hex();
}

}  // namespace embark
