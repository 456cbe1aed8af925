#pragma once

#include <string>
#include <vector>

#include "date_text.h"

namespace embark::onnx {

/// A format of dates, as require_date_format describes, in a form that a graph can read.
class DateFormat {
public:
    /// Throws Error, naming `column`, for a format with letters of its own that may be taken for the name of a month or
    /// for am and pm.
    DateFormat(const std::string& format, const std::string& column);

    /// Whether there are texts of that format at all: spaces around a text do not count, so that no text has any there.
    bool fits_texts() const { return fits_texts_; }
    /// A text that must be among those that are read.
    std::string sample() const { return text_with("dec", "pm"); }
    /// The fields of texts, string[texts].
    std::string read(Graph& graph, const std::string& texts) const;

private:
    /// Digits of a field: `n` of them, from number `begin` of those that stand side by side in run number `run` on.
    struct Digits {
        char directive = 0;
        size_t run = 0, begin = 0, n = 0;
        /// The second of two may be missing.
        bool one_or_two = false;
    };

    void add_directive(char directive, bool digit_follows);
    void add_digits(char directive, bool digit_follows);
    void add_literal(char literal);
    void add_sample(const std::string& digits);
    void end_run();
    std::string text_with(const std::string& month, const std::string& half) const;
    std::string read_digits(Graph& graph, const std::string& numbers, const Digits& digits) const;

    bool fits_texts_ = true, has_month_name_ = false, has_half_ = false;
    /// What the texts match, RE2's.
    std::string expression_;
    /// A text in pieces; "%b" and "%p" stand for words.
    std::vector<std::string> sample_;
    std::vector<Digits> digits_;
    /// Runs of digits that have ended, the length of the one that has not, and of the longest.
    size_t n_runs_ = 0, run_length_ = 0, longest_run_ = 0;
};

}  // namespace embark::onnx
