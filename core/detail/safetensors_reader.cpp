#include "safetensors_reader.h"

#include <algorithm>
#include <limits>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "../error.h"
#include "../file.h"
#include "checksum.h"
#include "safetensors_format.h"

namespace embark {

namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

/// Parsed, a header takes some 25 times its length. The largest models' have some megabytes.
constexpr uint64_t kMaxHeader = 16 << 20;
constexpr uint64_t kBlock = 1 << 20;

}  // namespace

SafetensorsReader::SafetensorsReader(fs::path path, Checksum checksum) : path_(std::move(path)) {
    require_readable_file(path_);
    file_.open(path_, std::ios::binary);
    read_header();
    check_checksum(checksum);
    check_spans();
}

template <class... Args>
void SafetensorsReader::damaged(const Args&... args) const {
    fail(path_.string(), " is not a sound safetensors file: ", args...);
}

template <class Description>
void SafetensorsReader::add_entry(const std::string& name, const Description& entry) {
    try {
        const auto type_text = entry.at("dtype").template get<std::string>();
        const auto& types = safetensors::type_names();
        const auto type =
            std::find_if(types.begin(), types.end(), [&](const auto& known) { return known.second == type_text; });
        if (type == types.end()) damaged("tensor '", name, "' has unknown type ", type_text);
        for (const char* list : {"shape", "data_offsets"}) {
            const bool integers =
                std::ranges::all_of(entry.at(list), [](const auto& n) { return n.is_number_integer(); });
            if (!integers) damaged("tensor '", name, "' has ", list, " that are not integers");
        }
        const auto shape = entry.at("shape").template get<std::vector<int64_t>>();
        const auto [begin, end] = entry.at("data_offsets").template get<std::pair<uint64_t, uint64_t>>();
        if (begin > end || end > data_size_) damaged("tensor '", name, "' lies outside the file");
        if (end - begin != size_in_bytes(name, shape, c10::elementSize(type->first))) {
            damaged("tensor '", name, "' has a shape that does not fit its ", end - begin, " bytes");
        }
        entries_[name] = {type->first, shape, begin, end};
    } catch (const Json::exception&) {
        damaged("the description of tensor '", name, "' is incomplete");
    }
}

void SafetensorsReader::read_header() {
    std::error_code error;
    const uint64_t file_size = fs::file_size(path_, error);
    if (error) fail("Cannot read ", path_.string(), ": ", error.message());
    uint64_t header_size = 0;
    if (file_size < sizeof header_size) damaged("it is only ", file_size, " bytes long");
    file_.read(reinterpret_cast<char*>(&header_size), sizeof header_size);
    if (header_size > file_size - sizeof header_size) {
        damaged("its header is said to take ", header_size, " bytes, the file has ", file_size);
    }
    if (header_size > kMaxHeader) {
        damaged("its header takes ", header_size, " bytes, and Embark reads ", kMaxHeader, " at most");
    }
    header_.resize(header_size);
    file_.read(header_.data(), static_cast<std::streamsize>(header_size));
    if (!file_) fail("Cannot read ", path_.string());
    data_size_ = file_size - sizeof header_size - header_size;

    const Json header = Json::parse(header_, nullptr, /*allow_exceptions=*/false);
    if (!header.is_object()) damaged("its header is not a JSON object");
    for (const auto& [name, entry] : header.items()) {
        if (name != "__metadata__") add_entry(name, entry);
    }
    const auto metadata = header.find("__metadata__");
    if (metadata == header.end()) return;
    if (!metadata->is_object()) damaged("its metadata are not a JSON object");
    for (const auto& [key, value] : metadata->items()) {
        if (!value.is_string()) damaged("its metadata have a value that is not text, '", key, "'");
        metadata_[key] = value.get<std::string>();
    }
}

uint64_t SafetensorsReader::size_in_bytes(const std::string& name, const std::vector<int64_t>& shape,
                                          uint64_t element) const {
    // What LibTorch can hold: strides too are products of extents, and an extent of 0 keeps none of them small.
    constexpr size_t kMaxDimensions = 64;
    uint64_t size = element;
    bool possible = shape.size() <= kMaxDimensions, empty = false;
    for (const int64_t extent : shape) {
        const auto factor = static_cast<uint64_t>(std::max<int64_t>(extent, 1));
        possible = possible && extent >= 0 && !__builtin_mul_overflow(size, factor, &size);
        empty = empty || extent == 0;
    }
    if (!possible || size > std::numeric_limits<int64_t>::max()) damaged("tensor '", name, "' has an impossible shape");
    return empty ? 0 : size;
}

void SafetensorsReader::check_checksum(Checksum checksum) {
    const auto stored = metadata_.find(safetensors::kChecksumKey);
    if (stored == metadata_.end()) {
        if (checksum == Checksum::required) damaged("it has no checksum, so it was not written by Embark, or changed");
        return;
    }
    // The checksum is of the file with zeros in its place.
    std::string header = header_;
    const size_t digits = safetensors::checksum_at(header);
    if (digits != std::string::npos) {
        header.replace(digits, safetensors::kChecksumDigits, safetensors::kChecksumDigits, '0');
    }
    const uint64_t header_size = header.size();
    Crc32 crc;
    crc.add({reinterpret_cast<const char*>(&header_size), sizeof header_size});
    crc.add(header);
    std::string block;
    for (uint64_t at = 0; at < data_size_; at += block.size()) {
        block.resize(std::min(kBlock, data_size_ - at));
        read_bytes(at, block.data(), block.size());
        crc.add(block);
    }
    if (stored->second != crc.hex()) {
        damaged("its checksum does not match, so it was changed or cut after it was written");
    }
    metadata_.erase(stored);
}

void SafetensorsReader::check_spans() const {
    std::vector<std::pair<uint64_t, uint64_t>> spans;
    for (const auto& [name, entry] : entries_) spans.emplace_back(entry.begin, entry.end);
    std::sort(spans.begin(), spans.end());
    uint64_t end = 0;
    for (const auto& span : spans) {
        if (span.first != end) damaged("its tensors overlap or leave gaps");
        end = span.second;
    }
    if (end != data_size_) damaged("it has ", data_size_, " bytes of data, its header describes ", end);
}

void SafetensorsReader::read_bytes(uint64_t begin, void* to, uint64_t count) {
    file_.seekg(static_cast<std::streamoff>(sizeof(uint64_t) + header_.size() + begin));
    file_.read(static_cast<char*>(to), static_cast<std::streamsize>(count));
    if (!file_) fail("Cannot read ", path_.string());
}

std::vector<std::string> SafetensorsReader::names() const {
    std::vector<std::string> names;
    for (const auto& [name, entry] : entries_) names.push_back(name);
    return names;
}

at::Tensor SafetensorsReader::read(const std::string& name) {
    const Entry& entry = entries_.at(name);
    at::Tensor tensor = torch::empty(entry.shape, entry.type);
    if (entry.end > entry.begin) read_bytes(entry.begin, tensor.mutable_data_ptr(), entry.end - entry.begin);
    return tensor;
}

void SafetensorsReader::read_rows(const std::string& name, int64_t first, const at::Tensor& to) {
    const Entry& entry = entries_.at(name);
    const std::vector<int64_t> width(entry.shape.begin() + (entry.shape.empty() ? 0 : 1), entry.shape.end());
    const bool fits = !entry.shape.empty() && to.dim() == std::ssize(entry.shape) && to.sizes().slice(1) == width &&
                      to.scalar_type() == entry.type && to.is_contiguous() && first >= 0 &&
                      first + to.size(0) <= entry.shape.front();
    require(fits, "Cannot read rows ", first, " to ", first + to.size(0), " of tensor '", name, "' from ",
            path_.string(), ": it is ", c10::toString(entry.type), " ", at::IntArrayRef(entry.shape), ", and ",
            c10::toString(to.scalar_type()), " ", to.sizes(), " is asked for");
    if (to.numel() == 0) return;
    const uint64_t row_bytes = (entry.end - entry.begin) / static_cast<uint64_t>(entry.shape.front());
    read_bytes(entry.begin + static_cast<uint64_t>(first) * row_bytes, to.mutable_data_ptr(), to.nbytes());
}

}  // namespace embark
