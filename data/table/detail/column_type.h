#pragma once

#include <memory>
#include <string_view>

#include <arrow/api.h>

#include "../table.h"

namespace embark {

/// What the values of a column of text, dictionary-encoded or not, can all be taken for, dates also of
/// `date_format` where there is one.
ColumnType guess_text_type(const std::shared_ptr<arrow::ChunkedArray>& column, std::string_view date_format = {});

}  // namespace embark
