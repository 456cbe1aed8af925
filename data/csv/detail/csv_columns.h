#pragma once

#include <memory>
#include <string_view>

#include <arrow/api.h>

#include "../../table/detail/table_impl.h"
#include "csv_parse.h"

namespace embark {

/// What counts as a space around a value.
inline constexpr std::string_view kCsvSpaces = " \t\r\n\v\f";

/// The columns of `rows`, text, under the file's names: dictionary-encoded where values come again and again, where
/// `trim_spaces` is set without spaces around them, then without the words for a missing value, and with numbers in the
/// form that was named as plain ones. Writes what words were taken to `origin`, which is of this file. Throws Error,
/// with file, row and column, for numbers that are of that form and of another in one column.
std::shared_ptr<arrow::Table> finish_csv_columns(const CsvFile& file, std::shared_ptr<arrow::Table> rows,
                                                 TableOrigin& origin);

}  // namespace embark
