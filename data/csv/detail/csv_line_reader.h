#pragma once

#include <memory>

#include <arrow/api.h>

#include "csv_columns.h"

namespace embark {

/// The rows of a CSV file in which no value is quoted, so that every line is a row and the file can be cut at any of
/// them: read on as many threads as LibTorch may use. Null where the file is another one, or has a fault: Arrow's
/// parser is then to read it, or to say what is wrong. Throws Error where the file cannot be read.
std::shared_ptr<arrow::Table> read_csv_lines(const CsvFile& file, const CsvValues& values);

}  // namespace embark
