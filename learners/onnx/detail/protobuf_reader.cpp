#include "protobuf_reader.h"

#include "../../../core/error.h"

namespace embark::onnx {

uint64_t MessageReader::varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        const auto byte = static_cast<unsigned char>(take(1).front());
        value |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) return value;
    }
    fail("it has a number of more than 64 bits");
}

std::string_view MessageReader::take(uint64_t n) {
    require(n <= rest_.size(), "it ends too early");
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
}

std::optional<MessageReader::Field> MessageReader::next() {
    if (rest_.empty()) return std::nullopt;
    const uint64_t key = varint();
    Field field{.number = static_cast<int64_t>(key >> 3)};
    require(field.number > 0, "it has a field without a number");
    switch (key & 7) {
        case 0:
            field.integer = varint();
            break;
        case 1:
            take(8);
            break;
        case 2:
            field.bytes = take(varint());
            break;
        case 5:
            take(4);
            break;
        default:
            fail("it has a field of a form that ONNX does not have");
    }
    return field;
}

}  // namespace embark::onnx
