#pragma once

#include <arrow/api.h>

#include "csv_parse.h"

namespace embark {

/// Throws the Error that says why `file` cannot be read, where `status` is Arrow's reason: reads it once more, a block
/// at a time, to find the row. Returns where it has no fault but rows longer than blocks.
void explain_csv_failure(const CsvFile& file, const arrow::Status& status);

}  // namespace embark
