#include "mutate.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace embark::fuzz {

size_t below(size_t n, std::mt19937_64& random) {
    return n == 0 ? 0 : std::uniform_int_distribution<size_t>(0, n - 1)(random);
}

namespace {

/// Numbers and words that readers stumble over.
constexpr std::string_view kTexts[] = {"-1",
                                       "0",
                                       "1e9",
                                       "1e300",
                                       "99999999999999999999",
                                       "9223372036854775807",
                                       "NaN",
                                       "nan",
                                       "null",
                                       "[]",
                                       "{}",
                                       "\"\"",
                                       "true",
                                       "[[[[",
                                       "\"",
                                       "\n",
                                       "\r\n",
                                       ",,,,",
                                       "\xff\xfe",
                                       "\x1b[2J",
                                       ""};

/// Puts a text in the place of a number that is written in digits.
void replace_number(std::string& bytes, std::mt19937_64& random) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    size_t begin = below(bytes.size(), random);
    while (begin < bytes.size() && !is_digit(bytes[begin])) ++begin;
    size_t end = begin;
    while (end < bytes.size() && is_digit(bytes[end])) ++end;
    bytes.replace(begin, end - begin, kTexts[below(std::size(kTexts), random)]);
}

/// Puts a number in the place of one of as many bytes.
void overwrite_number(std::string& bytes, std::mt19937_64& random) {
    constexpr uint64_t kNumbers[] = {
        0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, ~uint64_t{0} >> 1, ~uint64_t{0}};
    constexpr size_t kSizes[] = {1, 2, 4, 8};
    const uint64_t number = kNumbers[below(std::size(kNumbers), random)];
    const size_t at = below(bytes.size(), random), size = std::min(kSizes[below(4, random)], bytes.size() - at);
    std::memcpy(bytes.data() + at, &number, size);
}

void mutate_once(std::string& bytes, const std::vector<std::string>& seeds, std::mt19937_64& random) {
    const size_t at = below(bytes.size(), random), length = below(std::min<size_t>(bytes.size() - at, 64) + 1, random);
    const std::string& other = seeds[below(seeds.size(), random)];
    switch (below(8, random)) {
        case 0:
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8, random)));
            break;
        case 1:
            bytes[at] = static_cast<char>(random());
            break;
        case 2:
            overwrite_number(bytes, random);
            break;
        case 3:
            replace_number(bytes, random);
            break;
        case 4:
            bytes.erase(at, length);
            break;
        case 5:
            bytes.insert(below(bytes.size(), random), bytes.substr(at, length));
            break;
        case 6:
            bytes.resize(at);
            break;
        default:
            bytes.replace(at, length, other.substr(below(other.size(), random), length));
            break;
    }
}

}  // namespace

std::string mutated(const std::string& seed, const std::vector<std::string>& seeds, std::mt19937_64& random) {
    std::string bytes = seed;
    for (size_t n = 1 + below(4, random); n > 0 && !bytes.empty(); --n) mutate_once(bytes, seeds, random);
    return bytes;
}

}  // namespace embark::fuzz
