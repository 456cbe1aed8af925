#include "csv_columns.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../../../core/detail/number_words.h"
#include "../../../core/detail/parallel.h"
#include "../../table/detail/arrow_utils.h"
#include "../../table/detail/column_type.h"
#include "../../table/detail/encoded_text.h"

namespace embark {

namespace {

/// Whether values stand twice or more each on average: as numbers into a dictionary they take less memory, and are
/// compared faster. How many distinct ones there are is estimated by those that stand once and those that stand twice
/// in the first rows (Chao, "Nonparametric estimation of the number of classes in a population", 1984).
bool is_repetitive(const arrow::ChunkedArray& texts) {
    if (texts.length() == 0) return true;
    const auto& chunks = texts.chunks();
    const auto first = *std::find_if(chunks.begin(), chunks.end(), [](auto& chunk) { return chunk->length() > 0; });
    const auto counted = arrow_value(arrow::compute::ValueCounts(first), "Cannot count the values of a column");
    const auto& counts = static_cast<const arrow::Int64Array&>(*counted->field(1));
    const auto standing = [&](int64_t times) {
        return static_cast<double>(std::count(counts.raw_values(), counts.raw_values() + counts.length(), times));
    };
    const auto seen = static_cast<double>(counts.length());
    if (2 * seen <= static_cast<double>(first->length())) return true;
    const double once = standing(1), twice = standing(2);
    return twice > 0 && 2 * (seen + once * once / (2 * twice)) <= static_cast<double>(texts.length());
}

/// What `map` makes of the values of a column, encoded or not.
ArrowColumn mapped(const ArrowColumn& column, const TextMap& map) {
    return is_encoded_text(*column->type()) ? map_encoded_texts(column, map) : map(column);
}

ArrowColumn trimmed(const ArrowColumn& texts) {
    const arrow::compute::TrimOptions spaces{std::string(kCsvSpaces)};
    const auto texts_alone =
        arrow_value(arrow::compute::CallFunction("ascii_trim", {texts}, &spaces), "Cannot remove spaces around values");
    return missing_where(texts_alone.chunked_array(), {""});
}

/// Calls `visit(text, rows)` for each value of a column, once with all its rows where it is encoded; for none where
/// values are missing.
template <class Visit>
void visit_counted(const arrow::ChunkedArray& column, Visit&& visit) {
    if (!is_encoded_text(*column.type())) {
        visit_text(column, [&](int64_t, std::optional<std::string_view> text) {
            if (text) visit(*text, int64_t{1});
            return true;
        });
        return;
    }
    const arrow::StringArray& values = dictionary_of(column);
    const std::vector<int64_t> rows = rows_of_values(Codes(column), values.length());
    for (int64_t code = 0; code < values.length(); ++code) visit(values.GetView(code), rows[static_cast<size_t>(code)]);
}

/// Whether a text is one of some words; made to say no at once, since every value is asked for.
class WordSet {
public:
    explicit WordSet(const std::vector<std::string>& words) : words_(words.begin(), words.end()) {
        words_.erase("");
        for (const std::string& word : words_) {
            longest_ = std::max(longest_, word.size());
            lasts_.at(static_cast<unsigned char>(word.back())) = true;
        }
    }
    bool has(std::string_view text) const {
        if (text.empty() || text.size() > longest_ || !lasts_[static_cast<unsigned char>(text.back())]) return false;
        return words_.contains(text);
    }

private:
    std::set<std::string, std::less<>> words_;
    std::array<bool, 256> lasts_{};
    size_t longest_ = 0;
};

/// `column` without the words for a missing value, which are counted in `taken`.
ArrowColumn without_words(const ArrowColumn& column, const WordSet& words, std::map<std::string, int64_t>& taken) {
    // The values alone say whether there is anything to count.
    bool any = false;
    const auto values =
        is_encoded_text(*column->type()) ? std::make_shared<arrow::ChunkedArray>(encoded_array(*column).dictionary())
                                         : column;
    visit_text(*values, [&](int64_t, std::optional<std::string_view> text) {
        any = text && words.has(*text);
        return !any;
    });
    if (!any) return column;
    visit_counted(*column, [&](std::string_view text, int64_t rows) {
        if (words.has(text)) taken[std::string(text)] += rows;
    });
    std::vector<std::string> found;
    for (const auto& [word, rows] : taken) found.push_back(word);
    return mapped(column, [&](const ArrowColumn& texts) { return missing_where(texts, found); });
}

/// Writes the numbers of a column in a form of their own as plain ones.
class FormReader {
public:
    FormReader(const CsvFile& file, const TableOrigin& origin) : file_(file), origin_(origin) {}

    /// `column` itself where fewer than 95 % of its values are such numbers, or none needs it. Throws Error for plain
    /// numbers among them, or in their place, that are not of the form.
    ArrowColumn read(const ArrowColumn& column, const std::string& name) const {
        int64_t all = 0, good = 0, other = 0;
        bool changes = false;
        visit_counted(*column, [&](std::string_view text, int64_t rows) {
            if (file_.usual_missing_words && is_missing_word(without_blanks(text))) return;
            all += rows;
            const auto plain = plain_number(text, file_.form);
            good += plain ? rows : 0;
            changes = changes || (plain && *plain != text);
            other += !plain && is_of_another_form(text) ? rows : 0;
        });
        if (other > 0 && is_most(good + other, all)) refuse_other_form(*column, name);
        if (!changes || !is_most(good, all)) return column;
        return mapped(column, [&](const ArrowColumn& texts) { return plain_texts(*texts); });
    }

private:
    bool is_of_another_form(std::string_view text) const {
        const auto number = read_number(text, /*missing_words=*/false);
        return number && std::isfinite(*number) && !plain_number(text, file_.form);
    }

    [[noreturn]] void refuse_other_form(const arrow::ChunkedArray& column, const std::string& name) const {
        visit_text(column, [&](int64_t row, std::optional<std::string_view> text) {
            if (!text || !is_of_another_form(*text)) return true;
            fail(place_of(origin_, row, name), ": ", in_quotes(*text), " is not a number with '", file_.form.decimal,
                 "' for a decimal point, as --decimal says; give --thousands as well if its points group digits");
        });
        fail("Column '", name, "' of ", origin_.source, " has numbers of several forms");
    }

    ArrowColumn plain_texts(const arrow::ChunkedArray& texts) const {
        arrow::StringBuilder builder;
        const char* const failure = "Cannot keep a column of numbers";
        visit_text(texts, [&](int64_t, std::optional<std::string_view> text) {
            if (!text) {
                require_arrow(builder.AppendNull(), failure);
                return true;
            }
            const auto plain = plain_number(*text, file_.form);
            require_arrow(builder.Append(plain ? std::string_view(*plain) : *text), failure);
            return true;
        });
        return std::make_shared<arrow::ChunkedArray>(arrow_value(builder.Finish(), failure));
    }

    const CsvFile& file_;
    const TableOrigin& origin_;
};

}  // namespace

ArrowTable finish_csv_columns(const CsvFile& file, ArrowTable rows, TableOrigin& origin) {
    require_arrow_compute();
    arrow::ChunkedArrayVector columns = rows->columns();
    // Each column's text is given back as soon as it is encoded.
    rows.reset();
    const WordSet words(file.missing_values);
    const FormReader form(file, origin);
    std::vector<std::map<std::string, int64_t>> taken(columns.size());
    parallel_for_each(std::ssize(columns), [&](int64_t i) {
        const auto position = static_cast<size_t>(i);
        const std::string& name = file.names[position];
        ArrowColumn& column = columns[position];
        if (is_repetitive(*column)) column = encode_texts(column);
        if (file.trim_spaces) column = mapped(column, trimmed);
        column = without_words(column, words, taken[position]);
        if (!file.form.is_plain() && !file.text_columns.contains(name)) column = form.read(column, name);
    });
    arrow::FieldVector fields;
    for (size_t i = 0; i < columns.size(); ++i) {
        fields.push_back(arrow::field(file.names[i], columns[i]->type()));
        if (!taken[i].empty()) origin.taken_words.emplace(file.names[i], std::move(taken[i]));
    }
    return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns));
}

}  // namespace embark
