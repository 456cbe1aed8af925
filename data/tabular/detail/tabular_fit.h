#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../tabular.h"

namespace embark {

/// What was fitted on the training rows of a table, and its rows encoded.
struct FittedTable {
    std::shared_ptr<TabularData> data;
    /// Encoded rows of each part that was asked for.
    std::vector<TensorDataset> parts;
    std::vector<Warning> warnings;
};

/// The rows of a table to fit on.
struct FitRows {
    /// Those whose categories and classes are learned, 1-d int64.
    at::Tensor all;
    /// Those by which numbers are judged, and the words of texts.
    at::Tensor sample;
    /// How many training rows all these stand for.
    int64_t n_rows = 0;
};

/// Fits on rows of `table` and encodes none. The options name all columns, and the table has the parts of its dates.
FittedTable fit_columns(const Table& table, const TabularOptions& options, const FitRows& rows);

/// Fits on the first of `row_parts`, row indices of `table`, and encodes all of them. The options name all columns, and
/// the table has the parts of its dates.
FittedTable fit_table(const Table& table, const TabularOptions& options, const std::vector<at::Tensor>& row_parts);

/// The encoded `rows` (1-d int64). The table has the parts of its dates.
TensorDataset encode_rows(const TabularData& data, const Table& table, const at::Tensor& rows);

/// The encoded inputs of all rows. The table has the parts of its dates. What is new is counted into `counts`.
Tensors encode_inputs(const TabularData& data, const Table& table, EncodingCounts* counts = nullptr);

}  // namespace embark
