#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

class ProcessGroup;

/// Adds up the gradients that all processes have of tables, (rows, width): the touched rows alone travel, where that is
/// less than the table, and those of all tables together. A sparse gradient stays one.
void add_up_rows(ProcessGroup& processes, std::vector<at::Tensor>& tables);

}  // namespace embark
