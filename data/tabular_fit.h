#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tabular.h"

namespace embark {

/// What was fitted on the training rows of a table, and its rows encoded.
struct FittedTable {
    std::shared_ptr<TabularData> data;
    /// Encoded rows of each part that was asked for.
    std::vector<TensorDataset> parts;
    std::vector<std::string> warnings;
};

/// Fits on the first of `row_parts`, row indices of `table`, and encodes all of them. The options name all columns, and
/// the table has the parts of its dates.
FittedTable fit_table(const Table& table, const TabularOptions& options, const std::vector<at::Tensor>& row_parts);

/// The encoded inputs of all rows. The table has the parts of its dates. What is new is counted into `counts`.
Tensors encode_inputs(const TabularData& data, const Table& table, EncodingCounts* counts = nullptr);

}  // namespace embark
