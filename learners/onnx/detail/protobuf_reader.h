#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace embark::onnx {

/// The fields of a message in protobuf's wire format, one after the other. Every length is checked against what is
/// there, so that a damaged or forged file gives an Error and nothing else.
class MessageReader {
public:
    /// Of bytes that outlive it.
    explicit MessageReader(std::string_view bytes) : rest_(bytes) {}

    struct Field {
        int64_t number = 0;
        /// What an integer's value is; 0 for others.
        uint64_t integer = 0;
        /// The bytes of a text or a message; empty for others.
        std::string_view bytes = {};
    };

    /// The next field, or nothing at the end. Throws Error where the bytes are no message.
    std::optional<Field> next();

private:
    uint64_t varint();
    std::string_view take(uint64_t n);

    std::string_view rest_;
};

}  // namespace embark::onnx
