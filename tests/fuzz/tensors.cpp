#include "tensors.h"

#include <embark/core/detail/checksum.h>
#include <embark/core/detail/safetensors_format.h>
#include <embark/core/file.h>
#include <embark/core/safetensors.h>
#include <embark/modules/weights.h>

#include <cstring>

#include <torch/torch.h>

#include "archives.h"
#include "forge.h"
#include "harness.h"
#include "mutate.h"
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

/// What Python's torch.save writes of {"weight": a tensor of (2, 3)}.
std::string state_dict_archive() {
    using namespace std::string_literals;
    const std::vector<float> numbers(6, 0.5F);
    return testing::archive_of(
        {{"data.pkl",
          "\x80\x02}X\x06\0\0\0weightctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
          "X\x01\0\0\0"
          "0X\x03\0\0\0cpuK\x06tQK\0K\x02K\x03\x86K\x03K\x01\x86\x89"
          "ccollections\nOrderedDict\n)RtRs."s},
         {"data/0", {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)}}});
}

std::vector<std::string> weights_seeds() {
    std::vector<std::string> seeds = safetensors_seeds();
    seeds.push_back(state_dict_archive());
    return seeds;
}

/// Of an archive the pickle is changed, or the numbers, with the right checksums around them.
std::string forged_weights(const std::string& seed, std::mt19937_64& random) {
    if (!seed.starts_with("PK")) return forged_tensor_file(seed, random);
    return testing::edited_archive(seed, [&](auto& records) {
        auto& record = records.at(below(4, random) == 0 ? "data/0" : "data.pkl");
        record = mutated(record, {record}, random);
    });
}

}  // namespace

std::string forged_tensor_file(const std::string& seed, std::mt19937_64& random) {
    const testing::TemporaryFolder folder;
    const auto path = folder.path() / "x.safetensors";
    save_safetensors(path, forged_tensors(load_safetensors(MemoryFile(with_checksum(seed)).path()), random));
    return read_file(path);
}

std::vector<Harness> tensor_harnesses() {
    return {{"safetensors", safetensors_seeds,
             [](std::string_view bytes) { load_safetensors(MemoryFile(with_checksum(bytes)).path()); },
             forged_tensor_file},
            {"weights", weights_seeds,
             [](std::string_view bytes) { read_weights(MemoryFile(with_checksum(bytes)).path()); }, forged_weights}};
}

}  // namespace embark::fuzz
