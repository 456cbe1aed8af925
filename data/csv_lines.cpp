#include "csv_lines.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "../core/text.h"

namespace embark {

namespace {

constexpr size_t kWord = sizeof(uint64_t);
constexpr size_t kBlock = 64;
constexpr uint64_t kEveryByte = 0x0101010101010101;

constexpr uint64_t repeated(char byte) {
    return kEveryByte * static_cast<unsigned char>(byte);
}

/// The highest bit of each byte of `word` that equals that of `pattern`.
uint64_t equal_bytes(uint64_t word, uint64_t pattern) {
    constexpr uint64_t kLowBits = kEveryByte * 0x7F;
    const uint64_t differing = word ^ pattern;
    return ~(((differing & kLowBits) + kLowBits) | differing | kLowBits);
}

/// One bit for each of the 64 `bytes`, set where it is `a` or `b` eight times over.
uint64_t bits_of(const char* bytes, uint64_t a, uint64_t b) {
    static_assert(std::endian::native == std::endian::little);
    // Moves the highest bits of eight bytes side by side, into the highest byte.
    constexpr uint64_t kGather = 0x0102040810204080;
    uint64_t bits = 0;
    for (size_t i = 0; i < kBlock / kWord; ++i) {
        uint64_t word;
        std::memcpy(&word, bytes + i * kWord, kWord);
        const uint64_t found = equal_bytes(word, a) | equal_bytes(word, b);
        bits |= ((found >> 7) * kGather >> 56) << (i * kWord);
    }
    return bits;
}

bool is_ascii(std::string_view text) {
    unsigned char all = 0;
    for (const char c : text) all |= static_cast<unsigned char>(c);
    return all < 0x80;
}

/// Whether every carriage return of `lines` stands before a line's end.
bool returns_end_lines(std::string_view lines) {
    for (size_t i = lines.find('\r'); i != std::string_view::npos; i = lines.find('\r', i + 1)) {
        if (i + 1 == lines.size() || lines[i + 1] != '\n') return false;
    }
    return true;
}

}  // namespace

CsvLineSplitter::CsvLineSplitter(const CsvFile& file)
    : delimiter_(file.delimiter),
      latin_1_(file.latin_1),
      width_(static_cast<size_t>(file.n_columns)),
      kept_(file.kept),
      columns_(file.kept.size()) {}

bool CsvLineSplitter::are_plain(std::string_view lines) const {
    const auto has = [&](char c) { return lines.find(c) != std::string_view::npos; };
    return !has('"') && !has('\0') && returns_end_lines(lines) && (is_ascii(lines) || (!latin_1_ && is_utf8(lines)));
}

void CsvLineSplitter::find_marks(std::string_view lines) {
    // Room for eight marks more than there can be, since so many are written at once.
    marks_.resize(std::max(marks_.size(), lines.size() + kBlock + kWord));
    marks_[0] = -1;
    int32_t* next = marks_.data() + 1;
    const uint64_t delimiters = repeated(delimiter_), ends = repeated('\n');
    const auto take = [&](size_t first, uint64_t bits) {
        int32_t* const after = next + std::popcount(bits);
        // Eight at once: how many there are in a block cannot be foretold, and to foretell it wrongly costs more.
        for (; next < after; next += kWord) {
            for (size_t i = 0; i < kWord; ++i) {
                next[i] = static_cast<int32_t>(first) + std::countr_zero(bits);
                bits &= bits - 1;
            }
        }
        next = after;
    };
    const size_t in_blocks = lines.size() / kBlock * kBlock;
    for (size_t i = 0; i < in_blocks; i += kBlock) {
        take(i, bits_of(lines.data() + i, delimiters, ends));
    }
    char rest[kBlock] = {};
    lines.copy(rest, kBlock, in_blocks);
    const uint64_t is_rest = ~(~uint64_t{0} << (lines.size() - in_blocks));
    take(in_blocks, bits_of(rest, delimiters, ends) & is_rest);
    n_marks_ = static_cast<size_t>(next - marks_.data()) - 1;
}

bool CsvLineSplitter::rows_end_with_lines(std::string_view lines) const {
    // As many ends of lines as rows: where every row closes with one, none is inside.
    const auto rows = static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n'));
    if (n_marks_ != rows * width_) return false;
    for (size_t mark = width_; mark <= n_marks_; mark += width_) {
        if (lines[static_cast<size_t>(marks_[mark])] != '\n') return false;
    }
    return true;
}

bool CsvLineSplitter::split(std::string_view lines) {
    if (!are_plain(lines)) return false;
    find_marks(lines);
    if (!rows_end_with_lines(lines)) return false;
    const bool has_returns = lines.find('\r') != std::string_view::npos;
    for (size_t i = 0; i < kept_.size(); ++i) {
        const auto column = static_cast<size_t>(kept_[i]);
        CsvTexts& texts = columns_[i];
        texts.resize(n_marks_ / width_);
        const int32_t* mark = marks_.data() + column;
        for (std::string_view& text : texts) {
            text = {lines.data() + mark[0] + 1, static_cast<size_t>(mark[1] - mark[0] - 1)};
            mark += width_;
        }
        if (has_returns && column + 1 == width_) {
            for (std::string_view& text : texts) text.remove_suffix(text.ends_with('\r'));
        }
    }
    const auto is_empty = [](std::string_view text) { return text.empty(); };
    return width_ > 1 || std::none_of(columns_[0].begin(), columns_[0].end(), is_empty);
}

}  // namespace embark
