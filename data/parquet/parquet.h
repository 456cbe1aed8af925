#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "../table/table.h"

namespace embark {

/// How to read a Parquet file.
struct ParquetOptions {
    /// The columns to keep, in this order; empty: all.
    std::vector<ColumnRef> use_columns = {};
};

/// Reads a Parquet file with Arrow. Throws Error for anything that is not one.
Table read_parquet(const std::filesystem::path& path, const ParquetOptions& options = {});

/// How to write a Parquet file.
struct WriteParquetOptions {
    /// Rows that are read at once where the file is streamed (see CollabDataLoaders::from_parquet).
    int64_t row_group_rows = 100'000;
};

/// Writes `table` as a Parquet file, whole or not at all. Throws UsageError for row groups of no rows, Error where it
/// cannot be written.
void write_parquet(const std::filesystem::path& path, const Table& table, const WriteParquetOptions& options = {});

}  // namespace embark
