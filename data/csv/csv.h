#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "../table/table.h"

namespace embark {

/// How to read a CSV file. The file may be gzipped, have a UTF-8 byte order mark, quoted values (with line breaks
/// inside) and Windows line ends: that is found out.
struct CsvOptions {
    char delimiter = ',';
    /// "utf-8" or "latin-1".
    std::string encoding = "utf-8";
    /// The columns to keep, by name or position, in this order; empty: all.
    std::vector<ColumnRef> use_columns = {};
    /// The names of a file without a header line. As many as use_columns, where those are given by position: names of
    /// those columns; else names of all columns of the file. Empty: the first line is the header.
    std::vector<std::string> column_names = {};
    /// Columns that are text whatever they look like. (Ids need not be named here: text is kept anyway.)
    std::vector<std::string> text_columns = {};
    /// Words that stand for a missing value in any column. An empty value always does; words such as NA or nan do so
    /// by themselves only in columns of numbers, and of integers or booleans, so that an id may be called NA.
    std::vector<std::string> missing_values = {};
    /// Remove spaces around values and names (", Private" -> "Private"), before missing values are told.
    bool trim_spaces = false;
};

/// Reads a CSV file with Arrow. Throws Error, with file and row where there is one, for: no such file, a folder, an
/// empty file, ragged rows, a quote that is never closed, bytes that are not of the encoding, NUL bytes, a damaged
/// gzip file, a name given twice, unknown use_columns. Empty lines are skipped. A file with a header alone gives a
/// table of no rows. Throws UsageError for an unknown encoding and for a delimiter that cannot be one.
Table read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

/// Writes `table` as CSV text with a header, quoted where needed; missing values are empty.
void write_csv(std::ostream& out, const Table& table, char delimiter = ',');

}  // namespace embark
