#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <arrow/io/interfaces.h>

namespace embark {

/// What was seen of a CSV file while its bytes went by.
struct CsvStreamLog {
    /// Lines of the file, a last one without an end included.
    int64_t lines = 0;
    /// Nothing but line breaks and a byte order mark so far.
    bool blank = true;
    /// Why the file cannot be read on, as a whole sentence; empty where it can.
    std::string problem = {};
};

/// The bytes of a CSV file as UTF-8, unzipped where the file is gzipped, with `tail` put on a line of its own after
/// its end. Writes what it sees to `log` until it is read to its end.
std::shared_ptr<arrow::io::InputStream> open_csv_stream(const std::filesystem::path& path, bool latin_1,
                                                        std::string tail, std::shared_ptr<CsvStreamLog> log);

}  // namespace embark
