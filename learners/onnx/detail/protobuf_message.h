#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace embark::onnx {

/// A message in protobuf's wire format (protobuf.dev/programming-guides/encoding), field by field in the order of the
/// calls. Fields are named by their numbers in the .proto file. Written here because LibTorch and Debian bring protobuf
/// libraries that cannot be linked together.
class Message {
public:
    Message& integer(int field, int64_t value);
    Message& number(int field, float value);
    Message& text(int field, std::string_view value);
    Message& message(int field, const Message& value) { return text(field, value.bytes_); }

    const std::string& bytes() const { return bytes_; }

private:
    void varint(uint64_t value);

    std::string bytes_;
};

}  // namespace embark::onnx
