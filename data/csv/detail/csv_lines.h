#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "csv_parse.h"

namespace embark {

/// Values of one column, row by row.
using CsvTexts = std::vector<std::string_view>;

/// Splits lines of a CSV file in which a quote stands nowhere, so that every line is a row. Sixty-four bytes are
/// searched at once for delimiters and ends of lines, which is several times as fast as a parser that must look at
/// every byte for quotes.
class CsvLineSplitter {
public:
    explicit CsvLineSplitter(const CsvFile& file);

    /// Splits `lines`, whole lines each with its end; the bytes must outlive columns(). False where they are not
    /// plainly rows: a quote, a NUL byte, an empty line, a value too few or too many, a carriage return inside a line,
    /// bytes that are not of the encoding.
    bool split(std::string_view lines);

    /// The values of the lines that were split last, of each column that is kept.
    const std::vector<CsvTexts>& columns() const { return columns_; }

    /// Whether `lines`, each with its end, can be split without a look at quotes.
    bool are_plain(std::string_view lines) const;

private:
    void find_marks(std::string_view lines);
    bool rows_end_with_lines(std::string_view lines) const;

    char delimiter_;
    bool latin_1_;
    size_t width_;
    std::vector<int> kept_;
    /// Where delimiters and ends of lines stand, after one before the first line: value i stands between marks i and
    /// i + 1.
    std::vector<int32_t> marks_;
    size_t n_marks_ = 0;
    size_t n_ends_ = 0;  // of lines
    std::vector<CsvTexts> columns_;
};

}  // namespace embark
