#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace embark {

/// CRC-32, the one of ZIP files, of parts that come one after the other.
class Crc32 {
public:
    void add(std::string_view part);
    uint32_t value() const { return crc_; }
    /// Eight hexadecimal digits.
    std::string hex() const;

private:
    uint32_t crc_ = 0;
};

/// CRC-32, the one of ZIP files, of all parts one after the other, as eight hexadecimal digits.
std::string crc32_hex(const std::vector<std::string_view>& parts);

}  // namespace embark
