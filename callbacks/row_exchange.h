#pragma once

#include <ATen/core/Tensor.h>

namespace embark {

class ProcessGroup;

/// Adds up the gradients that all processes have of the table `parameter`, (rows, width): the touched rows alone
/// travel, where that is less than the table. A sparse gradient stays one.
void add_up_rows(ProcessGroup& processes, at::Tensor& parameter);

}  // namespace embark
