#include "tensors.h"

#include <embark/core/detail/checksum.h>
#include <embark/core/detail/safetensors_format.h>
#include <embark/core/file.h>
#include <embark/core/safetensors.h>
#include <embark/modules/weights.h>

#include <cstring>

#include <torch/torch.h>

#include "harness.h"
#include "test_files.h"

namespace embark::fuzz {

std::string with_checksum(std::string_view bytes) {
    std::string file(bytes);
    uint64_t header_size = 0;
    if (file.size() < sizeof header_size) return file;
    std::memcpy(&header_size, file.data(), sizeof header_size);
    if (header_size > file.size() - sizeof header_size) return file;
    const size_t at = safetensors::checksum_at(file.substr(sizeof header_size, header_size));
    if (at == std::string::npos) return file;
    file.replace(sizeof header_size + at, safetensors::kChecksumDigits, safetensors::kChecksumDigits, '0');
    file.replace(sizeof header_size + at, safetensors::kChecksumDigits, crc32_hex({file}));
    return file;
}

namespace {

std::vector<std::string> safetensors_seeds() {
    const testing::TemporaryFolder folder;
    const auto path = folder.path() / "x.safetensors";
    std::vector<std::string> seeds;
    for (const auto& tensor :
         {torch::rand({2, 3}), torch::arange(4), torch::ones({}, at::kBool), torch::empty({0, 5})}) {
        save_safetensors(
            path, {.tensors = {{"a", tensor}, {"b.c", torch::zeros({3}, at::kDouble)}}, .metadata = {{"key", "text"}}});
        seeds.push_back(read_file(path));
    }
    return seeds;
}

}  // namespace

std::vector<Harness> tensor_harnesses() {
    return {{"safetensors", safetensors_seeds,
             [](std::string_view bytes) { load_safetensors(MemoryFile(with_checksum(bytes)).path()); }},
            {"weights", safetensors_seeds,
             [](std::string_view bytes) { read_weights(MemoryFile(with_checksum(bytes)).path()); }}};
}

}  // namespace embark::fuzz
