#include "protobuf_message.h"

#include <bit>

namespace embark::onnx {

namespace {

// How a field's value is written, in the low three bits of its key.
constexpr int kVarint = 0, kBytes = 2, kFourBytes = 5;

uint64_t field_key(int field, int form) {
    return static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(form);
}

}  // namespace

void Message::varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
}

Message& Message::integer(int field, int64_t value) {
    varint(field_key(field, kVarint));
    varint(static_cast<uint64_t>(value));
    return *this;
}

Message& Message::number(int field, float value) {
    varint(field_key(field, kFourBytes));
    const auto bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<char>(bits >> shift));
    return *this;
}

Message& Message::text(int field, std::string_view value) {
    varint(field_key(field, kBytes));
    varint(value.size());
    bytes_.append(value);
    return *this;
}

}  // namespace embark::onnx
