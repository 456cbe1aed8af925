#include "pixels.h"

namespace embark {

namespace {

/// Integers in the byte order that EXIF data begin with; 0 beyond their end.
class ExifBytes {
public:
    explicit ExifBytes(std::string_view bytes) : bytes_(bytes), is_little_(bytes.starts_with("II")) {}

    uint64_t at(uint64_t offset, int size) const {
        if (offset + static_cast<uint64_t>(size) > bytes_.size()) return 0;
        uint64_t value = 0;
        for (int i = 0; i < size; ++i) {
            const auto place = static_cast<size_t>(offset) + static_cast<size_t>(is_little_ ? size - 1 - i : i);
            value = value << 8 | static_cast<unsigned char>(bytes_[place]);
        }
        return value;
    }

private:
    std::string_view bytes_;
    bool is_little_;
};

}  // namespace

int exif_orientation(std::string_view exif) {
    if (!exif.starts_with("II") && !exif.starts_with("MM")) return 1;
    // A TIFF header: byte order, 42, the place of the first list of entries. An entry is tag, type, count and value, in
    // 12 bytes; the orientation is tag 0x0112, one integer of 2 bytes.
    const ExifBytes bytes(exif);
    const uint64_t list = bytes.at(4, 4);
    for (uint64_t i = 0; i < bytes.at(list, 2); ++i) {
        const uint64_t entry = list + 2 + 12 * i;
        if (bytes.at(entry, 2) != 0x0112) continue;
        const uint64_t value = bytes.at(entry + 8, 2);
        return bytes.at(entry + 2, 2) == 3 && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

}  // namespace embark
