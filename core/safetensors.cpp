#include "safetensors.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "checksum.h"
#include "error.h"
#include "file.h"

namespace embark {

namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

constexpr const char* kChecksumKey = "embark_crc32";
constexpr size_t kChecksumDigits = 8;
/// The format's own limit, which also keeps a damaged length from asking for all memory.
constexpr uint64_t kMaxHeader = 100'000'000;

const std::vector<std::pair<at::ScalarType, std::string>>& type_names() {
    static const std::vector<std::pair<at::ScalarType, std::string>> names = {
        {at::kDouble, "F64"}, {at::kFloat, "F32"}, {at::kHalf, "F16"}, {at::kBFloat16, "BF16"}, {at::kLong, "I64"},
        {at::kInt, "I32"},    {at::kShort, "I16"}, {at::kChar, "I8"},  {at::kByte, "U8"},       {at::kBool, "BOOL"}};
    return names;
}

const std::string& type_name(at::ScalarType type, const std::string& tensor) {
    for (const auto& [known, name] : type_names()) {
        if (known == type) return name;
    }
    fail("Cannot save tensor '", tensor, "': safetensors has no type ", c10::toString(type));
}

std::string_view bytes_of(const at::Tensor& tensor) {
    return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

std::string_view bytes_of(const uint64_t& number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::string marker() {
    return std::string("\"") + kChecksumKey + "\":\"";
}

/// The header with the checksum's digits set to zeros, which is the form that the checksum is of.
std::string without_checksum(std::string header) {
    const size_t at = header.find(marker());
    if (at != std::string::npos && at + marker().size() + kChecksumDigits <= header.size()) {
        header.replace(at + marker().size(), kChecksumDigits, kChecksumDigits, '0');
    }
    return header;
}

/// Reads one safetensors file; every refusal names the file.
class Reader {
public:
    Reader(const fs::path& path, Checksum checksum) : path_(path), checksum_(checksum), content_(read_file(path)) {}

    TensorFile read() {
        if (content_.size() < sizeof(uint64_t)) damaged("it is only ", content_.size(), " bytes long");
        std::memcpy(&header_size_, content_.data(), sizeof header_size_);
        if (header_size_ > kMaxHeader || header_size_ > content_.size() - sizeof(uint64_t)) {
            damaged("its header is said to take ", header_size_, " bytes, the file has ", content_.size());
        }
        const Json header = Json::parse(header_text(), nullptr, /*allow_exceptions=*/false);
        if (!header.is_object()) damaged("its header is not a JSON object");
        TensorFile file;
        read_metadata(header, file);
        read_tensors(header, file);
        return file;
    }

private:
    template <class... Args>
    [[noreturn]] void damaged(const Args&... args) const {
        fail(path_.string(), " is not a sound safetensors file: ", args...);
    }

    std::string header_text() const { return content_.substr(sizeof(uint64_t), header_size_); }
    std::string_view data() const { return std::string_view(content_).substr(sizeof(uint64_t) + header_size_); }

    void read_metadata(const Json& header, TensorFile& file) const {
        if (const auto found = header.find("__metadata__"); found != header.end()) {
            if (!found->is_object()) damaged("its metadata are not a JSON object");
            for (const auto& [key, value] : found->items()) {
                if (!value.is_string()) damaged("its metadata have a value that is not text, '", key, "'");
                file.metadata[key] = value.get<std::string>();
            }
        }
        const auto stored = file.metadata.find(kChecksumKey);
        if (stored == file.metadata.end()) {
            if (checksum_ == Checksum::required)
                damaged("it has no checksum, so it was not written by Embark, or changed");
            return;
        }
        if (stored->second != crc32_hex({bytes_of(header_size_), without_checksum(header_text()), data()})) {
            damaged("its checksum does not match, so it was changed or cut after it was written");
        }
        file.metadata.erase(stored);
    }

    void read_tensors(const Json& header, TensorFile& file) const {
        std::vector<std::pair<uint64_t, uint64_t>> spans;
        for (const auto& [name, entry] : header.items()) {
            if (name == "__metadata__") continue;
            file.tensors[name] = read_tensor(name, entry, spans);
        }
        std::sort(spans.begin(), spans.end());
        uint64_t end = 0;
        for (const auto& span : spans) {
            if (span.first != end) damaged("its tensors overlap or leave gaps");
            end = span.second;
        }
        if (end != data().size()) damaged("it has ", data().size(), " bytes of data, its header describes ", end);
    }

    at::Tensor read_tensor(const std::string& name, const Json& entry,
                           std::vector<std::pair<uint64_t, uint64_t>>& spans) const {
        try {
            const auto type_text = entry.at("dtype").get<std::string>();
            const auto type = std::find_if(type_names().begin(), type_names().end(),
                                           [&](const auto& known) { return known.second == type_text; });
            if (type == type_names().end()) damaged("tensor '", name, "' has unknown type ", type_text);
            const auto shape = entry.at("shape").get<std::vector<int64_t>>();
            const auto [begin, end] = entry.at("data_offsets").get<std::pair<uint64_t, uint64_t>>();
            if (begin > end || end > data().size()) damaged("tensor '", name, "' lies outside the file");
            if (end - begin != size_in_bytes(name, shape, c10::elementSize(type->first))) {
                damaged("tensor '", name, "' has a shape that does not fit its ", end - begin, " bytes");
            }
            spans.emplace_back(begin, end);
            at::Tensor tensor = torch::empty(shape, type->first);
            if (end > begin) std::memcpy(tensor.mutable_data_ptr(), data().data() + begin, end - begin);
            return tensor;
        } catch (const Json::exception&) {
            damaged("the description of tensor '", name, "' is incomplete");
        }
    }

    uint64_t size_in_bytes(const std::string& name, const std::vector<int64_t>& shape, uint64_t element) const {
        uint64_t size = element;
        for (const int64_t extent : shape) {
            if (extent < 0 || __builtin_mul_overflow(size, static_cast<uint64_t>(extent), &size)) {
                damaged("tensor '", name, "' has an impossible shape");
            }
        }
        return size;
    }

    fs::path path_;
    Checksum checksum_;
    std::string content_;
    uint64_t header_size_ = 0;
};

}  // namespace

void save_safetensors(const fs::path& path, const TensorFile& content) {
    Json header = Json::object();
    header["__metadata__"] = content.metadata;
    header["__metadata__"][kChecksumKey] = std::string(kChecksumDigits, '0');
    std::vector<at::Tensor> tensors;
    uint64_t offset = 0;
    for (const auto& [name, tensor] : content.tensors) {
        tensors.push_back(tensor.detach().to(at::kCPU).contiguous());
        const uint64_t end = offset + tensors.back().nbytes();
        header[name] = {{"dtype", type_name(tensor.scalar_type(), name)},
                        {"shape", tensor.sizes().vec()},
                        {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
    text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data begin aligned
    const uint64_t size = text.size();
    std::vector<std::string_view> parts = {bytes_of(size), text};
    for (const auto& tensor : tensors) parts.push_back(bytes_of(tensor));
    text.replace(text.find(marker()) + marker().size(), kChecksumDigits, crc32_hex(parts));
    write_file_atomically(path, parts);
}

TensorFile load_safetensors(const fs::path& path, Checksum checksum) {
    return Reader(path, checksum).read();
}

}  // namespace embark
