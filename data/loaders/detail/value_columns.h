#pragma once

#include <string>

#include "../../table/table.h"

namespace embark {

/// Adds the values of `tensor` to `table`: a column each where a row has a few, else its first ones.
Table with_value_columns(Table table, const std::string& name, const at::Tensor& tensor);

}  // namespace embark
