#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../../table/detail/row_values.h"
#include "../collab.h"

namespace embark {

/// The columns that hold users, items and ratings, and times where there are such.
struct CollabColumns {
    std::string user, item, rating, time = {}, time_format = {};
    std::vector<std::string> names() const { return {user, item, rating}; }
};

/// Those that the options name among `names`, the columns of `source`, or else the first three. Throws Error where one
/// is not there, or would hold two of these.
CollabColumns resolve_columns(const std::vector<std::string>& names, const std::string& source,
                              const CollabOptions& options);

void set_names(CollabData& data, const CollabColumns& columns);

/// Adds what a user should know of the ids of a training column, of which `values` are the distinct ones as they are
/// written and `counts` what they are beside the vocabulary that was fitted on them. Throws Error where none is left.
void add_id_warnings(const std::string& column, const Vocabulary& vocabulary, const std::vector<std::string>& values,
                     const EncodingCounts& counts, std::vector<Warning>& warnings);
/// Adds what a user should know of the ids of the validation ratings.
void add_validation_warnings(const EncodingCounts& counts, std::vector<Warning>& warnings);

/// The ratings of all rows. Throws Error, with file, row and column, for one that is missing, no number, or too large.
RowValues<float> read_ratings(const Table& table, const std::string& column);

/// The seconds since 1970 of all rows, of a column of these or of dates, which are of `format` where there is one.
/// Throws Error, with file, row and column, for one that is missing, neither, or of no time that ratings could have.
RowValues<double> read_times(const Table& table, const std::string& column, const std::string& format);

/// The same as days since 1970.
RowValues<int64_t> read_days(const Table& table, const std::string& column, const std::string& format);

/// `rows` (1-d int64) of encoded users and items, and their ratings.
TensorDataset encode_ratings(const RowValues<int64_t>& users, const RowValues<int64_t>& items,
                             const RowValues<float>& ratings, const at::Tensor& rows);

}  // namespace embark
