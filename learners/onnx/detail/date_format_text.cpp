#include "date_format_text.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "../../../core/detail/number_words.h"
#include "../../../core/error.h"
#include "spelling_graph.h"

namespace embark::onnx {

namespace {

const std::vector<std::string> kMonthNames = {"jan", "feb", "mar", "apr", "may", "jun",
                                              "jul", "aug", "sep", "oct", "nov", "dec"};
const std::vector<std::string> kHalfNames = {"am", "pm"};

/// What the digits of a directive match, with both digits and with one or two; and an example with all.
struct DigitForm {
    std::string exact, either, sample;
};

const std::map<char, DigitForm> kDigitForms = {
    {'Y', {"[0-9]{4}", "[0-9]{4}", "2000"}},
    {'y', {"[0-9]{2}", "[0-9]{2}", "00"}},
    {'m', {"(0[1-9]|1[0-2])", "(0?[1-9]|1[0-2])", "12"}},
    {'d', {"(0[1-9]|[12][0-9]|3[01])", "(0?[1-9]|[12][0-9]|3[01])", "28"}},
    {'H', {"([01][0-9]|2[0-3])", "([01]?[0-9]|2[0-3])", "12"}},
    {'I', {"(0[1-9]|1[0-2])", "(0?[1-9]|1[0-2])", "12"}},
    {'M', {"[0-5][0-9]", "[0-5]?[0-9]", "10"}},
    {'S', {"[0-5][0-9]", "[0-5]?[0-9]", "10"}},
    {'f', {"[0-9]{9}", "[0-9]{1,9}", "000000000"}},
};

bool is_plain_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Any of `words`, in any capitals of ASCII.
std::string any_of_words(const std::vector<std::string>& words) {
    std::string expression;
    for (const std::string& word : words) {
        if (!expression.empty()) expression += '|';
        for (const char c : word) {
            expression += concat('[', c, static_cast<char>(c - 'a' + 'A'), ']');
        }
    }
    return expression;
}

/// Where the first of `words` begins in `text`.
size_t first_word(const std::string& text, const std::vector<std::string>& words) {
    for (size_t begin = 0; begin < text.size(); ++begin) {
        for (const std::string& word : words) {
            if (is_word(std::string_view(text).substr(begin, word.size()), word)) return begin;
        }
    }
    return text.size();
}

/// The number, counted from 1, of the word of `words` that is the first in each of `texts`, int64[texts, 1]; 0 for
/// none.
std::string read_word(Graph& graph, const std::string& texts, const std::vector<std::string>& words) {
    std::vector<std::string> keys;
    std::vector<int64_t> numbers;
    for (size_t i = 0; i < words.size(); ++i) {
        for (std::string& spelling : in_any_capitals(words[i])) {
            keys.push_back(std::move(spelling));
            numbers.push_back(static_cast<int64_t>(i) + 1);
        }
    }
    const std::string found = tokens_in_graph(graph, texts, any_of_words(words));
    const std::string first = graph.node("Gather", {found, graph.integers({0})}, {{"axis", int64_t{1}}});
    return graph.node("LabelEncoder", {first},
                      {{"keys_strings", keys}, {"values_int64s", numbers}, {"default_int64", int64_t{0}}}, kMlDomain);
}

/// The digits of each text, int64[texts, n]; −1 where there is none.
std::string read_run_digits(Graph& graph, const std::string& texts, size_t n_runs, size_t longest) {
    std::vector<std::string> keys;
    std::vector<int64_t> numbers;
    for (int64_t digit = 0; digit < 10; ++digit) {
        keys.push_back(std::to_string(digit));
        numbers.push_back(digit);
    }
    const std::string runs = graph.node("Reshape", {tokens_in_graph(graph, texts, "[0-9]+"), graph.integers({-1})});
    const std::string digits =
        graph.node("LabelEncoder", {characters_in_graph(graph, runs)},
                   {{"keys_strings", keys}, {"values_int64s", numbers}, {"default_int64", int64_t{-1}}}, kMlDomain);
    return graph.node("Reshape", {digits, graph.integers({-1, static_cast<int64_t>(n_runs * longest)})});
}

}  // namespace

DateFormat::DateFormat(const std::string& format, const std::string& column) {
    fits_texts_ = without_blanks(format) == format;
    for (size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%' || i + 1 == format.size()) {
            add_literal(format[i]);
            continue;
        }
        const char directive = format[++i];
        const char next = i + 1 < format.size() ? format[i + 1] : ' ';
        const bool digits_next = next == '%' && i + 2 < format.size() && kDigitForms.contains(format[i + 2]);
        add_directive(directive, is_plain_digit(next) || digits_next);
    }
    end_run();
    for (const std::string& month : kMonthNames) {
        for (const std::string& half : kHalfNames) {
            const std::string text = text_with(month, half);
            const bool is_clear = (!has_month_name_ || text.substr(first_word(text, kMonthNames), 3) == month) &&
                                  (!has_half_ || text.substr(first_word(text, kHalfNames), 2) == half);
            require(is_clear, "Column '", column, "': the letters of the date format '", format,
                    "' can be taken for the name of a month or for am and pm, which an ONNX file cannot tell apart; ",
                    "export to TorchScript instead");
        }
    }
}

void DateFormat::add_directive(char directive, bool digit_follows) {
    if (kDigitForms.contains(directive)) return add_digits(directive, digit_follows);
    if (directive != 'b' && directive != 'p') return add_literal('%');
    end_run();
    (directive == 'b' ? has_month_name_ : has_half_) = true;
    expression_ += concat("(", any_of_words(directive == 'b' ? kMonthNames : kHalfNames), ")");
    sample_.push_back(concat('%', directive));
}

void DateFormat::add_digits(char directive, bool digit_follows) {
    // Digits are taken as many as there can be, so that fewer stand only where no digit follows.
    const DigitForm& form = kDigitForms.at(directive);
    expression_ += digit_follows ? form.exact : form.either;
    if (directive != 'f') {
        const bool one_or_two = !digit_follows && form.exact != form.either;
        digits_.push_back({directive, n_runs_, run_length_, form.sample.size(), one_or_two});
    }
    add_sample(form.sample);
}

void DateFormat::add_literal(char literal) {
    if (!is_plain_digit(literal)) end_run();
    if (std::ispunct(static_cast<unsigned char>(literal)) && static_cast<unsigned char>(literal) < 0x80) {
        expression_ += '\\';
    }
    expression_ += literal;
    if (is_plain_digit(literal)) return add_sample(std::string(1, literal));
    sample_.emplace_back(1, literal);
}

void DateFormat::add_sample(const std::string& digits) {
    run_length_ += digits.size();
    sample_.push_back(digits);
}

void DateFormat::end_run() {
    if (run_length_ == 0) return;
    longest_run_ = std::max(longest_run_, run_length_);
    ++n_runs_;
    run_length_ = 0;
}

std::string DateFormat::text_with(const std::string& month, const std::string& half) const {
    std::string text;
    for (const std::string& piece : sample_) text += piece == "%b" ? month : piece == "%p" ? half : piece;
    return text;
}

std::string DateFormat::read_digits(Graph& graph, const std::string& numbers, const Digits& digits) const {
    std::vector<int64_t> columns, factors;
    int64_t factor = 1;
    for (size_t i = digits.n; i-- > 0; factor *= 10) {
        columns.insert(columns.begin(), static_cast<int64_t>(digits.run * longest_run_ + digits.begin + i));
        factors.insert(factors.begin(), factor);
    }
    const std::string own = graph.node("Gather", {numbers, graph.integers(columns)}, {{"axis", int64_t{1}}});
    const std::string all =
        graph.node("ReduceSum", {graph.node("Mul", {own, graph.integers(factors)}), graph.integers({1})});
    if (digits.directive == 'y') {
        const std::string century = graph.node(
            "Where", {graph.node("Less", {all, graph.integer(69)}), graph.integer(2000), graph.integer(1900)});
        return graph.node("Add", {all, century});
    }
    if (!digits.one_or_two) return all;
    const auto digit = [&](int64_t column) {
        return graph.node("Gather", {numbers, graph.integers({column})}, {{"axis", int64_t{1}}});
    };
    const std::string is_one = graph.node("Less", {digit(columns[1]), graph.integer(0)});
    return graph.node("Where", {is_one, digit(columns[0]), all});
}

std::string DateFormat::read(Graph& graph, const std::string& texts) const {
    const std::string fitting = graph.node(
        "Reshape",
        {tokens_in_graph(graph, texts, concat("\\A[ \t]*", expression_, "[ \t]*\\z")), graph.integers({-1})});
    const std::string numbers = read_run_digits(graph, fitting, n_runs_, longest_run_);
    std::map<char, std::string> found;
    for (const Digits& digits : digits_) found[digits.directive] = read_digits(graph, numbers, digits);
    if (has_month_name_) found['m'] = read_word(graph, fitting, kMonthNames);
    if (found.contains('y')) found['Y'] = found['y'];
    if (has_half_) {
        const std::string is_pm = graph.node("Sub", {read_word(graph, fitting, kHalfNames), graph.integer(1)});
        const std::string hour = graph.node("Mod", {found.at('I'), graph.integer(12)});
        found['H'] = graph.node("Add", {hour, graph.node("Mul", {is_pm, graph.integer(12)})});
    }
    // All is 0 where a text does not fit, and so has no first digit.
    const std::string first = graph.node("Gather", {numbers, graph.integers({0})}, {{"axis", int64_t{1}}});
    const std::string fits = graph.cast(graph.node("GreaterOrEqual", {first, graph.integer(0)}), Type::int64);
    const std::string none = graph.node("Sub", {fits, fits});
    Names fields;
    for (const char directive : {'Y', 'm', 'd', 'H', 'M', 'S'}) {
        fields.push_back(found.contains(directive) ? found[directive] : none);
    }
    fields.push_back(none);  // no offset
    return graph.node("Mul", {graph.node("Concat", fields, {{"axis", int64_t{1}}}), fits});
}

}  // namespace embark::onnx
