#pragma once

#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <arrow/type_fwd.h>

#include "../tabular.h"

namespace embark {

/// The columns of a table, and what each is taken for.
struct FoundColumns {
    /// With all names filled in: columns, parts of dates, and which targets are classes and which are values.
    TabularOptions options;
    std::vector<ColumnSummary> columns;
    std::vector<Warning> warnings;
    /// What keeps it from being trained on.
    std::vector<Warning> problems;
};

/// Looks at every column of `table`. Throws UsageError for names that contradict one another, Error for names that are
/// not the table's, and named columns that cannot be read; what is wrong with values is among the problems. `train` are
/// the rows for training (1-d int64; undefined: all): a column that has no value there is left out, unless it is named.
FoundColumns find_columns(const Table& table, const TabularOptions& given, const at::Tensor& train = {});

/// The same for training: throws Error for the first problem, and where no target is named or nothing is left to
/// predict from.
FoundColumns find_columns_to_train(const Table& table, const TabularOptions& given, const at::Tensor& train = {});

/// Throws UsageError for names that contradict one another, Error for one that is not among the names `there`.
void check_all_names(const std::vector<std::string>& there, const std::string& source, const TabularOptions& options);

/// Why `name` is left out, as far as that follows from names alone; nothing where it does not.
std::optional<std::string> left_out_by_name(const std::string& name, const TabularOptions& options);

/// The summary of a column of lists, structures, bytes or the like, which is left out, with a warning unless that was
/// asked for; nothing of any other. Throws Error for one that is named.
std::optional<ColumnSummary> unreadable_column(const std::string& name, const arrow::DataType& type,
                                               const std::string& source, const TabularOptions& options,
                                               std::vector<Warning>& warnings);

}  // namespace embark
