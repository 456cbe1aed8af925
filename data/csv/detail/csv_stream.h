#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <arrow/io/interfaces.h>

namespace embark {

/// What was seen of a CSV file so far. Arrow reads ahead, so that it may change while it is looked at.
struct CsvStreamLog {
    /// Lines of the file, a last one without an end included.
    std::atomic<int64_t> lines = 0;
    /// The line, from 1, that has the NUL byte for which reading ended; 0: none.
    std::atomic<int64_t> nul_line = 0;
    /// The same for U+001F where that stands for a delimiter of several characters.
    std::atomic<int64_t> separator_line = 0;
    /// A quote has been seen.
    std::atomic<bool> quoted = false;
};

/// How the bytes of a CSV file are to be read.
struct CsvStreamOptions {
    bool latin_1 = false;
    /// A delimiter of several characters, or empty for runs of blanks and tabs: the stream has U+001F in its place,
    /// outside of quotes.
    std::optional<std::string> separator = {};
    /// Put on a line of its own after the end.
    std::string tail = {};
    /// Ends with an error at the first quote.
    bool refuse_quotes = false;
};

/// The bytes of a CSV file as UTF-8, unpacked where the file is compressed. Writes what it sees to `log` until it is
/// read to its end, a byte that it may not have, or a quote that is refused. `name` is what messages call the file.
/// Throws Error for a file that is compressed in a way that is not read, or is not text at all.
std::shared_ptr<arrow::io::InputStream> open_csv_stream(const std::filesystem::path& path, const std::string& name,
                                                        CsvStreamOptions options, std::shared_ptr<CsvStreamLog> log);

}  // namespace embark
