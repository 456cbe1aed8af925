#pragma once

#include <functional>
#include <memory>

#include <arrow/api.h>

namespace embark {

/// A column of text, coded or not, as coded text whose chunks share one dictionary: the values that stand in the
/// column, each once, none missing.
std::shared_ptr<arrow::ChunkedArray> code_texts(const std::shared_ptr<arrow::ChunkedArray>& texts);

/// The dictionary of what code_texts gave.
std::shared_ptr<arrow::StringArray> dictionary_of(const arrow::ChunkedArray& coded);

/// Calls `visit(row, code)` for every row of what code_texts gave, with -1 for a missing value.
template <class Visit>
void visit_codes(const arrow::ChunkedArray& coded, Visit&& visit) {
    int64_t row = 0;
    for (const auto& chunk : coded.chunks()) {
        const auto& indices = *static_cast<const arrow::DictionaryArray&>(*chunk).indices();
        const auto& codes = static_cast<const arrow::Int32Array&>(indices);
        for (int64_t i = 0; i < codes.length(); ++i, ++row) visit(row, codes.IsNull(i) ? -1 : codes.Value(i));
    }
}

/// Texts as other texts, some of which may be missing or equal.
using TextMap = std::function<std::shared_ptr<arrow::ChunkedArray>(const std::shared_ptr<arrow::ChunkedArray>& texts)>;

/// What code_texts gives of a column in which each value became what `map` makes of it; `map` sees each value once.
std::shared_ptr<arrow::ChunkedArray> map_coded_texts(const std::shared_ptr<arrow::ChunkedArray>& coded,
                                                     const TextMap& map);

}  // namespace embark
