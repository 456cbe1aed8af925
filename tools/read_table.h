#pragma once

#include <string>

#include <embark/data/csv/csv.h>

#include "command_line.h"

namespace embark::tools {

/// What a user says of how files are written; every command that reads a table has the same options for it.
struct ReadingOptions {
    std::string delimiter, encoding, thousands, decimal, strip;
    ListWords columns, missing;
};

/// Adds the options, whose values `reading` takes.
void add_reading_options(CommandLine& line, ReadingOptions& reading);

/// `csv` with what was said. Throws UsageError for what cannot be.
CsvOptions csv_options(const ReadingOptions& reading, CsvOptions csv = {});

/// Reads a file of CSV (compressed or not), Parquet or Arrow, told by its name's end or its first bytes; "-" is CSV on
/// standard input. `csv`: how this command reads CSV by itself.
Table read_table(const ReadingOptions& reading, const std::string& file, const CsvOptions& csv = {});

}  // namespace embark::tools
