#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "../table/table.h"

namespace embark {

/// What stands between the values of a CSV file: a character, several, or runs of blanks and tabs. Converts from a
/// character and from a text, so that options say `.delimiter = ';'` or `.delimiter = "::"`.
class CsvDelimiter {
public:
    /// One character.
    CsvDelimiter(char character) : text_(1, character) {}
    /// One character or several.
    CsvDelimiter(std::string text) : text_(std::move(text)) {}
    /// One character or several.
    CsvDelimiter(const char* text) : text_(text) {}
    /// Blanks and tabs, however many; those at the ends of a line are nothing.
    static CsvDelimiter whitespace() { return CsvDelimiter(std::string()); }

    /// Empty for whitespace.
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

/// The words that CsvOptions takes for a missing value by itself, spelled exactly so: those of pandas' read_csv, as NA,
/// N/A, NaN, nan, null, NULL, None and `<NA>`.
std::vector<std::string> usual_missing_words();

/// How to read a CSV file. The file may be compressed (gzip, zstd, bzip2, lz4), have a UTF-8 byte order mark, quoted
/// values (with line breaks inside) and Windows line ends: that is found out.
struct CsvOptions {
    CsvDelimiter delimiter = ',';  ///< what stands between the values
    /// "utf-8" or "latin-1".
    std::string encoding = "utf-8";
    /// The columns to keep, by name or position, in this order; empty: all.
    std::vector<ColumnRef> use_columns = {};
    /// The names of a file without a header line. As many as use_columns, where those are given by position: names of
    /// those columns; else names of all columns of the file. Empty: the first line is the header.
    std::vector<std::string> column_names = {};
    /// Columns that are text whatever they look like. (Ids need not be named here: text is kept anyway.)
    std::vector<std::string> text_columns = {};
    /// The words that stand for a missing value in any column; an empty value always does. While they are the usual
    /// ones, columns of numbers, true/false and dates take them in any capitals, and `?`, `.`, `-`, `\N` and `NaT` too.
    /// Others replace them all: NA is then a word like any other, and an Error among numbers.
    std::vector<std::string> missing_values = usual_missing_words();
    /// Remove spaces around values and names (", Private" -> "Private"), before missing values are told.
    bool trim_spaces = false;
    /// How numbers are written, where it is not 1200.5: the character that groups their digits by three (0: none; a
    /// space is also the no-break space). With thousands = ',' and strip = "$", "$1,200.00" is 1200.00, and "5%" is 5.
    /// Columns of which at least 95 % are such numbers are rewritten as plain ones as they are read; other columns, and
    /// text_columns, stay as they are.
    char thousands = 0;
    char decimal = '.';  ///< the decimal point
    /// The signs around numbers that are left out, as "$€%". With both parentheses among them (5) is -5, and with the
    /// minus sign U+2212 that is a minus.
    std::string strip = {};
    /// What messages call the file; empty: its path.
    std::string source_name = {};
};

/// Reads a CSV file with Arrow. Throws Error, with file and row where there is one, for: no such file, a folder, an
/// empty file, ragged rows, a quote that is never closed, bytes that are not of the encoding, NUL bytes, a compressed
/// file that is damaged or ends too early, or is of a kind that is not read, a name given twice, unknown use_columns.
/// Empty lines are skipped. A file with a header alone gives a table of no rows. Throws UsageError for an unknown
/// encoding, for a delimiter that cannot be one, and for signs of numbers that digits are written with.
Table read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

/// Writes `table` as CSV text with a header, quoted where needed; missing values are empty.
void write_csv(std::ostream& out, const Table& table, char delimiter = ',');

}  // namespace embark
