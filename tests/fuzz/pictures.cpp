#include <algorithm>
#include <cstdint>
#include <cstring>

#include <boost/crc.hpp>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/safetensors.h>
#include <embark/data/images/image.h>

#include "harness.h"
#include "mutate.h"

namespace embark::fuzz {

namespace {

std::vector<std::string> picture_seeds() {
    const auto baseline =
        load_safetensors(std::string(EMBARK_SOURCE_DIR) + "/tests/baselines/images.safetensors");
    std::vector<std::string> seeds;
    for (const auto& [name, tensor] : baseline.tensors) {
        if (!name.ends_with(".content")) continue;
        seeds.emplace_back(static_cast<const char*>(tensor.const_data_ptr()), static_cast<size_t>(tensor.numel()));
    }
    return seeds;
}

/// As a picture and, where it is one, as a mask.
void look(std::string_view bytes) {
    constexpr int64_t kMostPixels = 1'000'000;  // a picture of more takes no other way
    try {
        decode_mask(bytes, {.max_pixels = kMostPixels});
    } catch (const Error&) {
    }
    decode_image(bytes, {.max_pixels = kMostPixels});
}

uint32_t big_endian(const char* bytes) {
    uint32_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return __builtin_bswap32(value);
}

void put_big_endian(uint32_t value, char* to) {
    value = __builtin_bswap32(value);
    std::memcpy(to, &value, sizeof value);
}

/// A PNG of which one chunk is another, with its checksum. Of a JPEG, which has none, a mutation.
std::string forged_picture(const std::string& seed, std::mt19937_64& random) {
    constexpr size_t kSignature = 8, kLength = 4, kName = 4, kChecksum = 4;
    if (!seed.starts_with("\x89PNG")) return mutated(seed, {seed}, random);
    std::vector<size_t> chunks;
    for (size_t at = kSignature; at + kLength + kName + kChecksum <= seed.size();
         at += kLength + kName + big_endian(&seed[at]) + kChecksum) {
        chunks.push_back(at);
    }
    const size_t chunk = chunks[below(chunks.size(), random)], content = chunk + kLength;
    const size_t size = kName + big_endian(&seed[chunk]);
    std::string part = mutated(seed.substr(content, size), {seed}, random);
    part.resize(std::max(part.size(), kName));
    std::string made = seed.substr(0, chunk) + std::string(kLength, '\0') + part + std::string(kChecksum, '\0') +
                       seed.substr(content + size + kChecksum);
    put_big_endian(static_cast<uint32_t>(part.size() - kName), &made[chunk]);
    boost::crc_32_type checksum;
    checksum.process_bytes(part.data(), part.size());
    put_big_endian(checksum.checksum(), &made[content + part.size()]);
    return made;
}

}  // namespace

std::vector<Harness> picture_harnesses() {
    return {{"picture", picture_seeds, look, forged_picture}};
}

}  // namespace embark::fuzz
