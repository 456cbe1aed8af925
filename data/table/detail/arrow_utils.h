#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "../../../core/error.h"

namespace embark {

using ArrowTable = std::shared_ptr<arrow::Table>;
using ArrowColumn = std::shared_ptr<arrow::ChunkedArray>;

/// Arrow's own words for what went wrong, without the rows and traces that may follow its first line.
std::string reason_of(const arrow::Status& status);

/// Throws Error of `what` and Arrow's reason unless `status` is good.
template <class... What>
void require_arrow(const arrow::Status& status, const What&... what) {
    if (!status.ok()) fail(what..., ": ", reason_of(status));
}

/// The value of `result`; throws Error of `what` and Arrow's reason where it is missing.
template <class T, class... What>
T arrow_value(arrow::Result<T> result, const What&... what) {
    require_arrow(result.status(), what...);
    return std::move(result).ValueUnsafe();
}

/// Makes Arrow's compute functions known, on the first call.
void require_arrow_compute();

/// Whether a column is encoded text: int32 numbers into a dictionary of utf8 values.
bool is_encoded_text(const arrow::DataType& type);

/// `values` as text in the form that Arrow writes it (7, 0.5, true, 2024-01-31): utf8, or encoded text where they are
/// that already; `what` says whose values they are, for the Error thrown for types that have no such form.
std::shared_ptr<arrow::ChunkedArray> as_text(const std::shared_ptr<arrow::ChunkedArray>& values,
                                             const std::string& what);

/// As as_text, but utf8 in any case.
std::shared_ptr<arrow::ChunkedArray> as_plain_text(const std::shared_ptr<arrow::ChunkedArray>& values,
                                                   const std::string& what);

/// utf8 `values` with every value that is one of `words` made missing.
std::shared_ptr<arrow::ChunkedArray> missing_where(const std::shared_ptr<arrow::ChunkedArray>& values,
                                                   const std::vector<std::string>& words);

/// A utf8 array of `values`; empty texts become missing values.
std::shared_ptr<arrow::Array> text_array(const std::vector<std::string>& values);

/// Calls `visit(row, text)` for every value of a column of utf8, bytes or encoded text, with nothing for a missing one,
/// until it returns false.
template <class Visit>
void visit_text(const arrow::ChunkedArray& column, Visit&& visit) {
    using Text = std::optional<std::string_view>;
    int64_t row = 0;
    const auto visit_chunk = [&](const arrow::Array& values, const auto& text_at) {
        for (int64_t i = 0; i < values.length(); ++i, ++row) {
            if (!visit(row, values.IsNull(i) ? Text() : Text(text_at(i)))) return false;
        }
        return true;
    };
    const auto visit_plain = [&](const arrow::BinaryArray& values) {
        return visit_chunk(values, [&](int64_t i) { return values.GetView(i); });
    };
    const auto visit_encoded = [&](const arrow::DictionaryArray& values) {
        const auto& texts = static_cast<const arrow::BinaryArray&>(*values.dictionary());
        const int32_t* codes = static_cast<const arrow::Int32Array&>(*values.indices()).raw_values();
        return visit_chunk(values, [&](int64_t i) { return texts.GetView(codes[i]); });
    };
    for (const auto& chunk : column.chunks()) {
        const bool go_on = is_encoded_text(*chunk->type())
                               ? visit_encoded(static_cast<const arrow::DictionaryArray&>(*chunk))
                               : visit_plain(static_cast<const arrow::BinaryArray&>(*chunk));
        if (!go_on) return;
    }
}

}  // namespace embark
