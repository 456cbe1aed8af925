#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "../../plots/plot.h"

namespace embark {

class Table;

/// How large a Crosstab is.
struct CrosstabOptions {
    /// Only so many of the row names that occur most often; 0: all.
    int64_t top_rows = 15;
    int64_t top_columns = 15;  ///< only so many of the column names; 0: all
};

/// Values by two names, as users × films of ratings: pandas' crosstab of a table with one value for each pair.
struct Crosstab {
    std::vector<std::string> rows,  ///< the names along the first dimension of `values`
        columns;                    ///< and along the second
    /// (rows, columns) float64; NaN where there is no value. Of several for one pair it is the mean.
    at::Tensor values;

    /// A table with a line for each row name; what there is no value for is empty.
    std::string text(int digits = 1) const;
    /// A heat map with the values in its cells.
    Plot plot(const std::string& title = "Crosstab") const;
};

/// The crosstab of `value` by columns `row` and `column` of `table`: of the names that occur most often (equally
/// frequent ones in the order of a Vocabulary), in the order of a Vocabulary. Throws Error for a value that is no
/// finite number, UsageError for a negative number of names.
///
///     std::cout << crosstab(ratings, "userId", "movieId", "rating").text();
Crosstab crosstab(const Table& table, const std::string& row, const std::string& column, const std::string& value,
                  const CrosstabOptions& options = {});

}  // namespace embark
