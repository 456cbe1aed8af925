#include "csv_columns.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "../../../core/detail/parallel.h"
#include "../../table/detail/arrow_utils.h"
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

/// `texts` without spaces around them, and then without those that stand for a missing value.
ArrowColumn trimmed(const ArrowColumn& texts, std::vector<std::string> missing_values) {
    missing_values.emplace_back();
    const arrow::compute::TrimOptions spaces{std::string(kCsvSpaces)};
    const auto texts_alone =
        arrow_value(arrow::compute::CallFunction("ascii_trim", {texts}, &spaces), "Cannot remove spaces around values");
    return missing_where(texts_alone.chunked_array(), missing_values);
}

}  // namespace

ArrowTable finish_csv_columns(const CsvFile& file, ArrowTable rows, bool trim_spaces) {
    require_arrow_compute();
    arrow::ChunkedArrayVector columns = rows->columns();
    // Each column's text is given back as soon as it is encoded.
    rows.reset();
    parallel_for_each(std::ssize(columns), [&](int64_t i) {
        ArrowColumn& column = columns[static_cast<size_t>(i)];
        const auto trim = [&](const ArrowColumn& texts) { return trimmed(texts, file.missing_values); };
        const bool repetitive = is_repetitive(*column);
        if (repetitive) column = encode_texts(column);
        if (trim_spaces) column = repetitive ? map_encoded_texts(column, trim) : trim(column);
    });
    arrow::FieldVector fields;
    for (size_t i = 0; i < columns.size(); ++i) fields.push_back(arrow::field(file.names[i], columns[i]->type()));
    return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns));
}

}  // namespace embark
