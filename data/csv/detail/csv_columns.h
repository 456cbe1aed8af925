#pragma once

#include <memory>
#include <string_view>

#include <arrow/api.h>

#include "csv_parse.h"

namespace embark {

/// What counts as a space around a value.
inline constexpr std::string_view kCsvSpaces = " \t\r\n\v\f";

/// The columns of `rows`, text, under the file's names: dictionary-encoded where values come again and again, and where
/// `trim_spaces` is set without spaces around them, before the words for a missing value are told.
std::shared_ptr<arrow::Table> finish_csv_columns(const CsvFile& file, std::shared_ptr<arrow::Table> rows,
                                                 bool trim_spaces);

}  // namespace embark
