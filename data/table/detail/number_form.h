#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embark {

/// How numbers are written; see CsvOptions.
struct NumberForm {
    char thousands = 0;
    char decimal = '.';
    std::string strip = {};

    bool is_plain() const { return thousands == 0 && decimal == '.' && strip.empty(); }
};

/// Throws UsageError for a form that would leave open what a number is.
void check(const NumberForm& form);

/// `text`, which must wholly be a number of this form, as a plain one: "$1,200.00" -> "1200.00". Nothing where it is
/// not one; "1,20" is not a number with ',' for thousands, whose groups have three digits.
std::optional<std::string> plain_number(std::string_view text, const NumberForm& form);

/// Offers forms in which texts would be numbers.
class FormOffer {
public:
    FormOffer();
    /// `rows` have `text`, a value that is not missing. False once too few values are numbers in any form.
    bool see(std::string_view text, int64_t rows);

    /// What to give to read at least 95 % of all values as numbers: "--thousands ',' --strip '$'"; empty where no form
    /// does, or none is needed.
    std::string options() const;
    /// Whether `text` needs what is offered to be a number.
    bool needs(std::string_view text) const;

private:
    struct Candidate {
        NumberForm form;
        int64_t rows = 0;
    };
    const Candidate* best() const;

    std::vector<Candidate> candidates_;
    std::string strip_;
    int64_t rows_ = 0, distinct_ = 0;
};

}  // namespace embark
