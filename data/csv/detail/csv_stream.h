#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <arrow/io/file.h>
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

/// A CSV file that stays the same file while it is read several times, whatever its name means by then. Throws Error
/// for what is not an ordinary file that can be read; `name` is what messages call it.
class CsvSource {
public:
    CsvSource(const std::filesystem::path& path, std::string name);

    const std::string& name() const { return name_; }
    arrow::io::RandomAccessFile& file() const { return *file_; }
    /// From its first byte on.
    std::shared_ptr<arrow::io::InputStream> stream() const;
    /// Throws Error where somebody has written into it since it was opened: then its passes have read different values.
    void require_unchanged() const;

private:
    std::string name_;
    std::shared_ptr<arrow::io::ReadableFile> file_;
    int64_t size_ = 0;
    struct timespec written_ {};
};

/// The bytes of a CSV file as UTF-8, unpacked where the file is compressed. Writes what it sees to `log` until it is
/// read to its end, a byte that it may not have, or a quote that is refused. Throws Error for a file that is compressed
/// in a way that is not read, or is not text at all.
std::shared_ptr<arrow::io::InputStream> open_csv_stream(const CsvSource& source, CsvStreamOptions options,
                                                        std::shared_ptr<CsvStreamLog> log);

}  // namespace embark
