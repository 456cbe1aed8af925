#pragma once

#include <memory>

#include <arrow/api.h>

#include "../table.h"

namespace embark {

/// What the values of a column of text, dictionary-encoded or not, can all be taken for.
ColumnType guess_text_type(const std::shared_ptr<arrow::ChunkedArray>& column);

}  // namespace embark
