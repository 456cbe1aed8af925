#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../splitters.h"

namespace embark {

/// Throws UsageError unless 0 < valid_pct < 1.
void require_valid_pct(double valid_pct);

/// int(valid_pct · rows), at least one row and not all. Throws Error, which names `source`, where that cannot be.
int64_t validation_rows(double valid_pct, int64_t rows, const std::string& source = {});

/// The rows where `is_valid` is set, and the others, both ascending. Throws Error where none is left for training.
Split split_by(const std::vector<char>& is_valid);

/// The classes of a column's rows.
struct RowClasses {
    /// For each row its class: 0 for a missing value where there is one, and then the values as they first appear.
    std::vector<int32_t> of_row;
    /// How many rows each class has; none has 0.
    std::vector<int64_t> sizes;
};
RowClasses row_classes(const Table& table, std::string_view column);

}  // namespace embark
