#include "number_form.h"

#include <algorithm>
#include <array>
#include <utility>

#include "../../../core/detail/number_words.h"
#include "../../../core/error.h"
#include "../../../core/text.h"
#include "column_type.h"

namespace embark {

namespace {

constexpr std::string_view kMinus = "\xE2\x88\x92";  // U+2212
/// What stands around numbers of money, shares and accounts.
constexpr std::array<std::string_view, 9> kSigns = {"$", "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5", "\xE2\x82\xB9",
                                                    "%", "(",            ")",        kMinus};
constexpr std::array<std::string_view, 4> kBlanks = {" ", "\t", "\xC2\xA0", "\xE2\x80\xAF"};  // no-break ones, too

/// Thousands and decimal point of the forms that are offered, the likeliest first.
constexpr std::array<std::pair<char, char>, 8> kForms = {
    {{0, '.'}, {',', '.'}, {0, ','}, {'.', ','}, {' ', '.'}, {' ', ','}, {'_', '.'}, {'\'', '.'}}};
constexpr size_t kDecimalComma = 2;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The bytes of the character that `text` begins with, or ends with; 1 where it is not UTF-8.
size_t first_size(std::string_view text) {
    size_t n = 1;
    while (n < text.size() && n < 4 && (text[n] & 0xC0) == 0x80) ++n;
    return n;
}
size_t last_size(std::string_view text) {
    size_t n = 1;
    while (n < text.size() && n < 4 && (text[text.size() - n] & 0xC0) == 0x80) ++n;
    return n;
}

bool has_character(std::string_view all, std::string_view character) {
    for (; !all.empty(); all.remove_prefix(first_size(all))) {
        if (all.substr(0, first_size(all)) == character) return true;
    }
    return false;
}

bool is_blank(std::string_view character) {
    return std::find(kBlanks.begin(), kBlanks.end(), character) != kBlanks.end();
}

/// What stands before and behind the digits of a number, taken off.
class SignsTaken {
public:
    SignsTaken(std::string_view text, std::string_view strip) : rest_(text), strip_(strip) {
        while (take_first()) continue;
        while (take_last()) continue;
    }

    std::string_view rest() const { return rest_; }
    bool good() const { return signs_ <= 1 && opened_ == closed_ && opened_ <= 1 && !(opened_ && signs_); }
    bool negative() const { return negative_ || opened_ > 0; }

private:
    bool take_first() {
        if (rest_.empty()) return false;
        const std::string_view first = rest_.substr(0, first_size(rest_));
        if (first == "-" || first == "+" || (first == kMinus && has_character(strip_, kMinus))) {
            ++signs_;
            negative_ = first != "+";
        } else if (has_character(strip_, first)) {
            opened_ += first == "(" && has_character(strip_, ")");
        } else if (!is_blank(first)) {
            return false;
        }
        rest_.remove_prefix(first.size());
        return true;
    }
    bool take_last() {
        if (rest_.empty()) return false;
        const std::string_view last = rest_.substr(rest_.size() - last_size(rest_));
        if (last == kMinus || (!is_blank(last) && !has_character(strip_, last))) return false;
        closed_ += last == ")" && has_character(strip_, "(");
        rest_.remove_suffix(last.size());
        return true;
    }

    std::string_view rest_, strip_;
    int signs_ = 0, opened_ = 0, closed_ = 0;
    bool negative_ = false;
};

/// Reads a number from its first digit on.
class DigitReader {
public:
    DigitReader(std::string_view text, const NumberForm& form) : text_(text), form_(form) {}

    /// The plain number; nothing where it is not wholly one.
    std::optional<std::string> read() {
        if (!take_integer()) return std::nullopt;
        if (take(form_.decimal)) {
            const std::string fraction = digits();
            if (plain_.empty() && fraction.empty()) return std::nullopt;
            if (!fraction.empty()) plain_ += "." + fraction;
        }
        if (plain_.empty() || !take_power() || !text_.empty()) return std::nullopt;
        return plain_;
    }

private:
    std::string digits() {
        const size_t n = static_cast<size_t>(std::find_if_not(text_.begin(), text_.end(), is_digit) - text_.begin());
        std::string taken(text_.substr(0, n));
        text_.remove_prefix(n);
        return taken;
    }
    bool take(char c) {
        if (text_.empty() || text_.front() != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool take_separator() {
        if (form_.thousands == 0) return false;
        if (form_.thousands != ' ') return take(form_.thousands);
        if (text_.empty() || !is_blank(text_.substr(0, first_size(text_)))) return false;
        text_.remove_prefix(first_size(text_));
        return true;
    }
    /// Digits in one run or in groups of three.
    bool take_integer() {
        plain_ = digits();
        const size_t first = plain_.size();
        while (!plain_.empty() && take_separator()) {
            const std::string group = digits();
            if (group.size() != 3 || first > 3) return false;
            plain_ += group;
            grouped_ = true;
        }
        return true;
    }
    bool take_power() {
        if (grouped_ || (!take('e') && !take('E'))) return true;
        const bool minus = take('-');
        if (!minus) take('+');
        const std::string power = digits();
        plain_ += concat(minus ? "e-" : "e", power);
        return !power.empty();
    }

    std::string_view text_;
    const NumberForm& form_;
    std::string plain_;
    bool grouped_ = false;
};

std::string quoted_option(const char* option, std::string_view value) {
    // In a shell the one quote that cannot stand in quotes is told by others.
    return value == "'" ? concat(option, " \"'\"") : concat(option, " '", value, "'");
}

}  // namespace

void check(const NumberForm& form) {
    const auto require_sign = [](char c, const char* what) {
        require<UsageError>(!is_digit(c) && c != '-' && c != '+' && c != '"' && c != 'e' && c != 'E' && c > 0x1F,
                            "The ", what, " of numbers cannot be '", c, "'");
    };
    require_sign(form.decimal, "decimal point");
    if (form.thousands != 0) require_sign(form.thousands, "character for thousands");
    require<UsageError>(form.thousands != form.decimal, "The decimal point and the character for thousands of numbers ",
                        "cannot both be '", form.decimal, "'");
    require<UsageError>(is_utf8(form.strip), "The signs around numbers are not UTF-8");
    for (const char c : form.strip) {
        require<UsageError>(!is_digit(c) && c != '-' && c != '+' && c != form.decimal && c != form.thousands,
                            "'", c, "' cannot be left out around numbers: numbers are written with it");
    }
}

std::optional<std::string> plain_number(std::string_view text, const NumberForm& form) {
    const SignsTaken signs(text, form.strip);
    if (!signs.good() || signs.rest().empty()) return std::nullopt;
    auto plain = DigitReader(signs.rest(), form).read();
    if (plain && signs.negative()) *plain = "-" + *plain;
    return plain;
}

FormOffer::FormOffer() {
    for (const auto& [thousands, decimal] : kForms) {
        candidates_.push_back({.form = {.thousands = thousands, .decimal = decimal}});
    }
    for (Candidate& candidate : candidates_) {
        for (const std::string_view sign : kSigns) candidate.form.strip += sign;
    }
}

bool FormOffer::see(std::string_view text, int64_t rows) {
    rows_ += rows;
    ++distinct_;
    bool any = false;
    for (Candidate& candidate : candidates_) {
        if (!plain_number(text, candidate.form)) continue;
        candidate.rows += rows;
        any = true;
    }
    if (any) {
        for (const std::string_view sign : kSigns) {
            if (text.find(sign) == std::string_view::npos || has_character(strip_, sign)) continue;
            strip_ += sign;
        }
    }
    constexpr int64_t kEnough = 200;  // different values tell a column of other texts
    return distinct_ < kEnough || 2 * best()->rows > rows_;
}

const FormOffer::Candidate* FormOffer::best() const {
    return &*std::max_element(candidates_.begin(), candidates_.end(),
                              [](const Candidate& a, const Candidate& b) { return a.rows < b.rows; });
}

std::string FormOffer::options() const {
    const Candidate& found = *best();
    if (!is_most(found.rows, rows_)) return {};
    std::vector<std::string> options;
    if (found.form.thousands != 0) options.push_back(quoted_option("--thousands", {&found.form.thousands, 1}));
    if (found.form.decimal != '.') options.push_back(quoted_option("--decimal", {&found.form.decimal, 1}));
    if (!strip_.empty()) options.push_back(quoted_option("--strip", strip_));
    std::string offer = join(options, " ");
    // "2,813" can be two numbers.
    if (found.form.decimal == '.' && found.form.thousands == ',' && candidates_.at(kDecimalComma).rows == found.rows) {
        offer += " (or --decimal ',' where the comma is the decimal point)";
    }
    return offer;
}

bool FormOffer::needs(std::string_view text) const {
    const auto plain = plain_number(text, best()->form);
    return plain && !read_number(text, /*missing_words=*/false);
}

}  // namespace embark
