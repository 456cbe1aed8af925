#include "text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <locale>
#include <numeric>
#include <sstream>

namespace embark {

namespace {

/// Levenshtein distance, letters compared without regard to case (ASCII).
size_t edit_distance(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 0; i < a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.size(); ++j) {
            const size_t substituted = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
        }
    }
    return row.back();
}

/// One code point of UTF-8 text and how many bytes it took; code point -1 for a byte that begins none.
struct CodePoint {
    int32_t value;
    size_t bytes;
};

CodePoint decode_code_point(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return {first, 1};
    const size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return {-1, 1};
    int32_t value = first & (0xFF >> (bytes + 1));
    for (size_t i = 1; i < bytes; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return {-1, 1};
        value = (value << 6) | (byte(i) & 0x3F);
    }
    const bool overlong = value < (bytes == 2 ? 0x80 : bytes == 3 ? 0x800 : 0x10000);
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (overlong || surrogate || value > 0x10FFFF) return {-1, 1};
    return {value, bytes};
}

bool in_ranges(int32_t c, std::initializer_list<std::pair<int32_t, int32_t>> ranges) {
    return std::any_of(ranges.begin(), ranges.end(), [c](auto range) { return c >= range.first && c <= range.second; });
}

/// Columns of one code point. The locale's wcwidth cannot be relied upon in the C locale, so the blocks of combining
/// marks (0) and of wide characters (2) of Unicode's East Asian Width are listed.
int64_t code_point_width(int32_t c) {
    if (c < 0x20 || c == 0x7F) return 0;
    if (in_ranges(c, {{0x300, 0x36F},
                      {0x483, 0x489},
                      {0x591, 0x5BD},
                      {0x610, 0x61A},
                      {0x64B, 0x65F},
                      {0x200B, 0x200F},
                      {0x20D0, 0x20FF},
                      {0xFE00, 0xFE0F},
                      {0xFE20, 0xFE2F}}))
        return 0;
    if (in_ranges(c, {{0x1100, 0x115F},
                      {0x2E80, 0x303E},
                      {0x3041, 0x33FF},
                      {0x3400, 0x4DBF},
                      {0x4E00, 0x9FFF},
                      {0xA000, 0xA4CF},
                      {0xAC00, 0xD7A3},
                      {0xF900, 0xFAFF},
                      {0xFE30, 0xFE6F},
                      {0xFF00, 0xFF60},
                      {0xFFE0, 0xFFE6},
                      {0x1F300, 0x1F64F},
                      {0x1F900, 0x1F9FF},
                      {0x20000, 0x3FFFD}}))
        return 2;
    return 1;
}

/// A number beyond the range of double: 0 for one too near to it, nothing for one too large.
std::optional<double> parse_tiny(std::string_view text) {
    std::istringstream in{std::string(text)};
    in.imbue(std::locale::classic());
    double value = 0;
    return in >> value ? std::optional(value) : std::nullopt;
}

}  // namespace

std::string join(const std::vector<std::string>& names, std::string_view separator) {
    std::string joined;
    for (size_t i = 0; i < names.size(); ++i) {
        if (i > 0) joined += separator;
        joined += names[i];
    }
    return joined;
}

std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& candidates, size_t at_most) {
    std::vector<std::pair<size_t, const std::string*>> near;
    const size_t limit = std::max<size_t>(2, name.size() / 3);
    for (const auto& candidate : candidates) {
        // A name that begins with what was given ("Kolya" for "Kolya (1996)") is near, however long it goes on.
        const bool begins_so = name.size() >= 3 && candidate.starts_with(name);
        const size_t distance = begins_so ? 1 : edit_distance(name, candidate);
        if (distance <= limit) near.emplace_back(distance, &candidate);
    }
    std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> names;
    for (size_t i = 0; i < std::min(at_most, near.size()); ++i) names.push_back(*near[i].second);
    return names;
}

std::string name_hint(std::string_view name, const std::vector<std::string>& all) {
    constexpr size_t kListed = 20;
    // What a vocabulary calls a missing or unknown value is no name of the user's.
    std::vector<std::string> candidates = all;
    std::erase(candidates, "#na#");
    std::string hint;
    const auto near = near_names(name, candidates);
    if (!near.empty()) hint += "; did you mean '" + join(near, "' or '") + "'?";
    if (candidates.empty()) return hint;
    if (candidates.size() <= kListed)
        return hint + (near.empty() ? "; there are: " : " There are: ") + join(candidates);
    return hint;
}

std::optional<double> parse_double(std::string_view text) {
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) return parse_tiny(text);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

std::optional<int64_t> parse_int(std::string_view text) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_plain_integer(std::string_view text) {
    if (text == "0") return true;
    if (text.starts_with('-')) text.remove_prefix(1);
    if (text.empty() || text.front() == '0') return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool plain_integer_less(std::string_view a, std::string_view b) {
    const bool a_negative = a.starts_with('-'), b_negative = b.starts_with('-');
    if (a_negative != b_negative) return a_negative;
    if (a_negative) std::swap(a, b);
    if (a.size() != b.size()) return a.size() < b.size();
    return a < b;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const CodePoint c = decode_code_point(text);
        if (c.value < 0) return false;
        text.remove_prefix(c.bytes);
    }
    return true;
}

int64_t display_width(std::string_view text) {
    int64_t width = 0;
    while (!text.empty()) {
        const CodePoint c = decode_code_point(text);
        width += code_point_width(c.value < 0 ? '?' : c.value);
        text.remove_prefix(c.bytes);
    }
    return width;
}

std::string fit_width(std::string_view text, int64_t width, bool right) {
    std::string fitted(text);
    int64_t used = display_width(text);
    if (used > width) {
        fitted.clear();
        used = 0;
        while (!text.empty()) {
            const CodePoint c = decode_code_point(text);
            const int64_t columns = code_point_width(c.value);
            if (used + columns > width - 1) break;
            fitted += text.substr(0, c.bytes);
            used += columns;
            text.remove_prefix(c.bytes);
        }
        if (width > 0) {
            fitted += "…";
            ++used;
        }
    }
    const std::string padding(static_cast<size_t>(std::max<int64_t>(0, width - used)), ' ');
    return right ? padding + fitted : fitted + padding;
}

std::string format_number(double value, int digits) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    std::array<char, 400> buffer;
    const auto [end, error] =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, digits);
    return {buffer.data(), end};
}

}  // namespace embark
