#pragma once

#include <vector>

#include "../../../core/tensors.h"

namespace embark {

class Strategy;

/// Some rows of a table, and what there is of each.
struct TouchedRows {
    at::Tensor indices;  // int64
    Tensors values;      // (indices, …) each
};

/// Everyone's rows of several tables, of which rank r's of table t are [r][t], in one exchange: on the CPU, of the same
/// types and widths in all processes, and no more than most[t] rows. Throws Error where there are more.
std::vector<std::vector<TouchedRows>> gather_touched_rows(Strategy& strategy, const std::vector<TouchedRows>& tables,
                                                          const std::vector<int64_t>& most);

/// Adds up the gradients that all processes have of tables, (rows, width): the touched rows alone travel, where that is
/// less than the table, and those of all tables together. A sparse gradient stays one.
void add_up_rows(Strategy& strategy, const std::vector<at::Tensor>& tables);

}  // namespace embark
