#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "../core/error.h"

namespace embark {

/// Arrow's own words for what went wrong, without the rows and traces that may follow its first line.
std::string reason_of(const arrow::Status& status);

/// Throws Error of `what` and Arrow's reason unless `status` is good.
template <class... What>
void require_arrow(const arrow::Status& status, const What&... what) {
    if (!status.ok()) fail(what..., ": ", reason_of(status));
}

/// The value of `result`; throws Error of `what` and Arrow's reason where there is none.
template <class T, class... What>
T arrow_value(arrow::Result<T> result, const What&... what) {
    require_arrow(result.status(), what...);
    return std::move(result).ValueUnsafe();
}

/// Makes Arrow's compute functions known, on the first call.
void require_arrow_compute();

/// `values` as utf8 text in the form that Arrow writes it (7, 0.5, true, 2024-01-31); `what` says whose values they
/// are, for the Error thrown for types that have no such form.
std::shared_ptr<arrow::ChunkedArray> as_text(const std::shared_ptr<arrow::ChunkedArray>& values,
                                             const std::string& what);

/// Microseconds from 1970 to an ISO date (2024-01-31, with a time or without), or nothing where `text` is none.
std::optional<int64_t> parse_timestamp(std::string_view text);

/// utf8 `values` with every value that is one of `words` made missing.
std::shared_ptr<arrow::ChunkedArray> missing_where(const std::shared_ptr<arrow::ChunkedArray>& values,
                                                   const std::vector<std::string>& words);

/// A utf8 array of `values`; empty texts become missing values.
std::shared_ptr<arrow::Array> text_array(const std::vector<std::string>& values);

/// Calls `visit(row, text)` for every value of a utf8 or binary column, with nothing for a missing one, until it
/// returns false.
template <class Visit>
void visit_text(const arrow::ChunkedArray& column, Visit&& visit) {
    int64_t row = 0;
    for (const auto& chunk : column.chunks()) {
        const auto& values = static_cast<const arrow::BinaryArray&>(*chunk);
        for (int64_t i = 0; i < values.length(); ++i, ++row) {
            const auto value = values.IsNull(i) ? std::nullopt : std::optional<std::string_view>(values.GetView(i));
            if (!visit(row, value)) return;
        }
    }
}

}  // namespace embark
