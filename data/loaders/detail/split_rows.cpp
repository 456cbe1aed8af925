#include "split_rows.h"

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "../../table/detail/encoded_column.h"
#include "../../table/table.h"

namespace embark {

void require_valid_pct(double valid_pct) {
    // Written so that NaN fails.
    require<UsageError>(valid_pct > 0 && valid_pct < 1, "Invalid valid_pct: ", valid_pct,
                        "; the part of the rows for validation must be between 0 and 1, both excluded");
}

int64_t validation_rows(double valid_pct, int64_t rows, const std::string& source) {
    const std::string of_source = source.empty() ? "" : " of " + source;
    require(source.empty() || rows > 0, "There are no rows in ", source);
    const auto n_valid = static_cast<int64_t>(valid_pct * static_cast<double>(rows));
    require(n_valid > 0, "The validation part would be empty: ", valid_pct, " of ", rows, rows == 1 ? " row" : " rows",
            of_source, " is less than one");
    require(n_valid < rows, "The training part would be empty: all ", rows, " rows", of_source,
            " would be for validation");
    return n_valid;
}

Split split_by(const std::vector<char>& is_valid) {
    std::vector<int64_t> train, valid;
    for (size_t row = 0; row < is_valid.size(); ++row) {
        (is_valid[row] ? valid : train).push_back(static_cast<int64_t>(row));
    }
    require(!train.empty(), "No row is left for training: all ", is_valid.size(), " rows are for validation");
    return {at::tensor(train, at::kLong), at::tensor(valid, at::kLong)};
}

RowClasses row_classes(const Table& table, std::string_view column) {
    const EncodedColumn coded(table, column);
    RowClasses classes;
    classes.of_row.resize(static_cast<size_t>(table.rows()));
    classes.sizes.resize(static_cast<size_t>(coded.values().length()) + 1, 0);
    coded.visit([&](int64_t row, int32_t code) {
        classes.of_row[static_cast<size_t>(row)] = code + 1;
        ++classes.sizes[static_cast<size_t>(code + 1)];
    });
    if (classes.sizes.front() == 0) {
        classes.sizes.erase(classes.sizes.begin());
        for (int32_t& number : classes.of_row) --number;
    }
    return classes;
}

}  // namespace embark
