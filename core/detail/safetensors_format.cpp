#include "safetensors_format.h"

namespace embark::safetensors {

const std::vector<std::pair<at::ScalarType, std::string>>& type_names() {
    static const std::vector<std::pair<at::ScalarType, std::string>> names = {
        {at::kDouble, "F64"}, {at::kFloat, "F32"}, {at::kHalf, "F16"}, {at::kBFloat16, "BF16"}, {at::kLong, "I64"},
        {at::kInt, "I32"},    {at::kShort, "I16"}, {at::kChar, "I8"},  {at::kByte, "U8"},       {at::kBool, "BOOL"}};
    return names;
}

size_t checksum_at(const std::string& header) {
    const std::string marker = std::string("\"") + kChecksumKey + "\":\"";
    const size_t at = header.find(marker);
    if (at == std::string::npos || at + marker.size() + kChecksumDigits > header.size()) return std::string::npos;
    return at + marker.size();
}

}  // namespace embark::safetensors
