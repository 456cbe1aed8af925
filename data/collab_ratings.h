#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coded_column.h"
#include "collab.h"
#include "row_values.h"

namespace embark {

/// The columns that hold users, items and ratings.
struct CollabColumns {
    std::string user, item, rating;
    std::vector<std::string> names() const { return {user, item, rating}; }
};

/// Those that the options name among `names`, the columns of `source`, or else the first three. Throws Error where one
/// is not there, or would hold two of the three.
CollabColumns resolve_columns(const std::vector<std::string>& names, const std::string& source,
                              const CollabOptions& options);

void set_names(CollabData& data, const CollabColumns& columns);

/// The ratings of all rows. Throws Error, with file, row and column, for one that is missing, no number, or too large.
RowValues<float> read_ratings(const Table& table, const std::string& column);

/// The columns of users and items of one table.
struct CodedIds {
    CodedColumn users, items;
    CodedIds(const Table& table, const CollabColumns& columns)
        : users(table, columns.user), items(table, columns.item) {}
};

/// The ratings of `rows` (1-d int64).
TensorDataset encode_ratings(const Vocabulary& users, const Vocabulary& items, const CodedIds& ids,
                             const RowValues<float>& ratings, const at::Tensor& rows);

}  // namespace embark
