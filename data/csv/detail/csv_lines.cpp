#include "csv_lines.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "../../../core/text.h"

namespace embark {

namespace {

constexpr size_t kWord = sizeof(uint64_t);
constexpr size_t kVectorBlock = 64;
constexpr uint64_t kEveryByte = 0x0101010101010101;
constexpr uint64_t kLastByte = uint64_t{1} << 63;  // of a block

uint64_t load_word(const uint8_t* bytes) {
    uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

/// What stands in 64 bytes.
struct Found {
    uint64_t marks = 0;  // one bit for each byte, set for a delimiter or the end of a line
    size_t n_marks = 0;
    size_t n_ends = 0;
};

Found find_in(const char* bytes, char delimiter) {
    static_assert(std::endian::native == std::endian::little);
    // Moves the lowest bits of eight bytes side by side, into the highest byte.
    constexpr uint64_t kGather = 0x0102040810204080;
    std::array<uint8_t, kVectorBlock> is_mark, is_end;
    for (size_t i = 0; i < kVectorBlock; ++i) {
        is_end[i] = bytes[i] == '\n';
        is_mark[i] = is_end[i] | (bytes[i] == delimiter);
    }
    uint64_t marks = 0, mark_sums = 0, end_sums = 0;  // sums of one byte of each word
    for (size_t i = 0; i < kVectorBlock; i += kWord) {
        const uint64_t word = load_word(&is_mark[i]);
        marks |= (word * kGather >> 56) << i;
        mark_sums += word;
        end_sums += load_word(&is_end[i]);
    }
    return {.marks = marks, .n_marks = mark_sums * kEveryByte >> 56, .n_ends = end_sums * kEveryByte >> 56};
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
    marks_.resize(std::max(marks_.size(), lines.size() + kVectorBlock + kWord));
    marks_[0] = -1;
    int32_t* next = marks_.data() + 1;
    n_ends_ = 0;
    const auto search = [&](size_t first, const char* bytes) {
        const Found found = find_in(bytes, delimiter_);
        const int32_t* const after = next + found.n_marks;
        uint64_t marks = found.marks;
        // Eight at once: how many there are in a block cannot be foretold, and to foretell it wrongly costs more.
        for (int32_t* eight = next; eight < after; eight += kWord) {
            for (size_t i = 0; i < kWord; ++i) {
                eight[i] = static_cast<int32_t>(first) + std::countr_zero(marks | kLastByte);
                marks &= marks - 1;
            }
        }
        next += found.n_marks;
        n_ends_ += found.n_ends;
    };
    const size_t in_blocks = lines.size() / kVectorBlock * kVectorBlock;
    for (size_t i = 0; i < in_blocks; i += kVectorBlock) search(i, lines.data() + i);
    char rest[kVectorBlock] = {};
    lines.copy(rest, kVectorBlock, in_blocks);
    search(in_blocks, rest);
    n_marks_ = static_cast<size_t>(next - marks_.data()) - 1;
}

bool CsvLineSplitter::rows_end_with_lines(std::string_view lines) const {
    // As many ends of lines as rows: where every row closes with one, none is inside.
    if (n_marks_ != n_ends_ * width_) return false;
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
