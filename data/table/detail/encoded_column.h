#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>
#include <arrow/api.h>

#include "../../../predictor/encoding_counts.h"
#include "../../../predictor/vocabulary.h"
#include "encoded_text.h"

namespace embark {

class Table;

/// A column as numbers into its distinct values, so that no text is looked at once a row. Made once, it serves both to
/// fit a vocabulary and to encode.
class EncodedColumn {
public:
    EncodedColumn(const Table& table, std::string_view column);

    /// Of text; `table` need not be one.
    explicit EncodedColumn(const std::shared_ptr<arrow::ChunkedArray>& texts) : column_(encode_texts(texts)) {}

    int64_t rows() const { return codes().size(); }

    /// How many of the rows have no value.
    int64_t missing() const { return column_->null_count(); }

    /// Whether words such as NA can stand for a missing value; see TableOrigin.
    bool has_missing_words() const { return has_missing_words_; }

    /// The distinct values, in no order; none is missing.
    const arrow::StringArray& values() const { return dictionary_of(*column_); }

    /// The code of each row, -1 for a missing value.
    Codes codes() const { return Codes(*column_); }

    /// Calls `visit(row, code)` for every row.
    template <class Visit>
    void visit(Visit&& visit) const {
        const Codes all = codes();
        for (int64_t row = 0; row < all.size(); ++row) visit(row, all[row]);
    }

private:
    std::shared_ptr<arrow::ChunkedArray> column_;
    bool has_missing_words_ = true;
};

/// For every row of `table` whether it is one of `rows` (1-d int64). Throws Error for a row that is not there.
std::vector<char> mark_rows(const at::Tensor& rows, const Table& table);

/// Calls `visit(row, value)` for the first of the wanted rows that has it, for every value of theirs.
template <class Visit>
void visit_distinct(const EncodedColumn& column, const std::vector<char>& wanted, Visit&& visit) {
    std::vector<char> seen(static_cast<size_t>(column.values().length()), 0);
    size_t n_seen = 0;
    const Codes codes = column.codes();
    for (int64_t row = 0; row < codes.size() && n_seen < seen.size(); ++row) {
        const int32_t code = codes[row];
        if (code < 0 || !wanted[static_cast<size_t>(row)] || seen[static_cast<size_t>(code)]) continue;
        seen[static_cast<size_t>(code)] = 1;
        ++n_seen;
        visit(row, column.values().GetView(code));
    }
}

/// What the values of `rows` (1-d int64) of a column, or of all rows, are beside those of a vocabulary.
SeenValues seen_values(const EncodedColumn& column, const Vocabulary& vocabulary);
SeenValues seen_values(const EncodedColumn& column, const Vocabulary& vocabulary, const at::Tensor& rows);

/// The vocabulary of the rows for which `wanted` is set; the work of the public one.
Vocabulary fit_vocabulary(const EncodedColumn& column, const std::vector<char>& wanted);
/// The same of ids; Vocabulary::fit_ids' work.
Vocabulary fit_ids(const EncodedColumn& column, const std::vector<char>& wanted);

}  // namespace embark
