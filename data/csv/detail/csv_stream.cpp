#include "csv_stream.h"

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/io/transform.h>
#include <arrow/util/compression.h>

#include <sys/stat.h>

#include "../../../core/file.h"
#include "../../table/detail/arrow_utils.h"

namespace embark {

namespace {

using arrow::io::InputStream;
using BufferResult = arrow::Result<std::shared_ptr<arrow::Buffer>>;

/// The kinds of files that are told by their first bytes: what is unpacked, and why others are not read.
struct FileMagic {
    std::string_view bytes;
    arrow::Compression::type codec = arrow::Compression::UNCOMPRESSED;
    std::string_view refused = {};
};

using namespace std::string_view_literals;
constexpr std::array<FileMagic, 13> kMagics = {{
    {"\x1f\x8b"sv, arrow::Compression::GZIP},
    {"\x28\xb5\x2f\xfd"sv, arrow::Compression::ZSTD},
    {"BZh"sv, arrow::Compression::BZ2},
    {"\x04\x22\x4d\x18"sv, arrow::Compression::LZ4_FRAME},
    {"\xfd"
     "7zXZ\0"sv,
     {},
     "is compressed by xz, which is not read; unpack it first: xz -d "},
    {"PK\x03\x04"sv,
     {},
     "is a zip archive or a workbook of a spreadsheet, which are not read; save the sheet as CSV, or unpack the "
     "archive first: unzip "},
    {"7z\xbc\xaf\x27\x1c"sv, {}, "is a 7-Zip archive, which is not read; unpack it first: 7z x "},
    {"\xd0\xcf\x11\xe0"sv, {}, "is a workbook of a spreadsheet, or the like, which is not read; save the sheet as CSV"},
    {"SQLite format 3"sv, {}, "is an SQLite database, which is not read; write its table as CSV"},
    {"PAR1\x15"sv, {}, "is a Parquet file, not CSV"},
    {"ARROW1\0"sv, {}, "is an Arrow file, not CSV"},
    {"FEA1\0"sv, {}, "is a Feather file of version 1, which is not read; write it as version 2, or as Parquet"},
    {"\x89HDF"sv, {}, "is an HDF5 file, which is not read; write its table as CSV or Parquet"},
}};

/// How the file is compressed. Throws Error where it is of a kind that is not read.
arrow::Compression::type codec_of(const CsvSource& source) {
    const std::string& name = source.name();
    const auto head = arrow_value(source.file().ReadAt(0, 16), "Cannot read ", name);
    const std::string_view bytes(*head);
    for (const FileMagic& magic : kMagics) {
        if (!bytes.starts_with(magic.bytes)) continue;
        // Text may begin with these letters, but not go on so.
        constexpr size_t kBlockMark = 4;
        if (magic.codec == arrow::Compression::BZ2 && bytes.substr(kBlockMark, 2) != "1A") continue;
        if (magic.refused.empty()) return magic.codec;
        const bool names_command = magic.refused.back() == ' ';
        fail("Cannot read ", name, ": it ", magic.refused, names_command ? name : "");
    }
    return arrow::Compression::UNCOMPRESSED;
}

/// Latin-1's 256 characters are the first 256 of Unicode.
BufferResult latin_1_to_utf8(const std::shared_ptr<arrow::Buffer>& bytes) {
    const std::string_view text(*bytes);
    if (std::none_of(text.begin(), text.end(), [](char c) { return c & 0x80; })) return bytes;
    std::string utf8;
    utf8.reserve(text.size() + text.size() / 8);
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x80) {
            utf8 += c;
        } else {
            utf8 += static_cast<char>(0xC0 | (code >> 6));
            utf8 += static_cast<char>(0x80 | (code & 0x3F));
        }
    }
    return arrow::Buffer::FromString(std::move(utf8));
}

constexpr char kSeparator = '\x1f';

/// Puts kSeparator in the place of a delimiter of several characters or of runs of blanks, where no quotes are around.
class SeparatorStream : public InputStream {
public:
    /// `separator` is empty for blanks and tabs.
    SeparatorStream(std::shared_ptr<InputStream> source, std::string separator, std::shared_ptr<CsvStreamLog> log)
        : source_(std::move(source)), separator_(std::move(separator)), log_(std::move(log)) {}

    arrow::Status Close() override { return source_->Close(); }
    bool closed() const override { return source_->closed(); }
    arrow::Result<int64_t> Tell() const override { return source_->Tell(); }
    arrow::Result<int64_t> Read(int64_t, void*) override {
        return arrow::Status::NotImplemented("CSV is read by buffers");
    }

    BufferResult Read(int64_t nbytes) override {
        std::string out;
        while (out.empty() && !ended_) {
            ARROW_ASSIGN_OR_RAISE(auto bytes, source_->Read(nbytes));
            ended_ = bytes->size() == 0;
            held_ += std::string_view(*bytes);
            ARROW_RETURN_NOT_OK(take_held(out));
        }
        return arrow::Buffer::FromString(std::move(out));
    }

private:
    /// Moves what is held to `out`, but for what may be the first part of a delimiter.
    arrow::Status take_held(std::string& out) {
        size_t i = 0;
        while (i < held_.size()) {
            const char c = held_[i];
            if (c == kSeparator) {
                log_->separator_line = lines_ + 1;
                return arrow::Status::Invalid("a control character in place of a delimiter");
            }
            if (!quoted_) {
                const size_t n = delimiter_at(i);
                if (n == std::string::npos) break;
                if (n > 0) {
                    i += n;
                    after_blanks_ = separator_.empty();
                    if (!after_blanks_) put_delimiter(out);
                    continue;
                }
                // Blanks are one delimiter together, and none at either end of a line.
                const bool inside_line = !line_begins_ && c != '\n' && c != '\r';
                if (std::exchange(after_blanks_, false) && inside_line) put_delimiter(out);
            }
            put(c, out);
            ++i;
        }
        held_.erase(0, i);
        return arrow::Status::OK();
    }

    /// The length of the delimiter that stands at `i`, 0 where none does; npos where more bytes must tell.
    size_t delimiter_at(size_t i) const {
        if (separator_.empty()) return held_[i] == ' ' || held_[i] == '\t' ? 1 : 0;
        const std::string_view rest = std::string_view(held_).substr(i, separator_.size());
        if (rest == separator_) return separator_.size();
        return !ended_ && std::string_view(separator_).starts_with(rest) ? std::string::npos : 0;
    }

    void put_delimiter(std::string& out) {
        out += kSeparator;
        value_begins_ = true;
        line_begins_ = false;
    }

    void put(char c, std::string& out) {
        // As CSV has it: a quote opens a value's begin, and two of them in quotes are one.
        const bool reopens = c == '"' && just_closed_;
        just_closed_ = quoted_ && c == '"';
        quoted_ = c == '"' ? !quoted_ && (value_begins_ || reopens) : quoted_;
        const bool line_end = !quoted_ && (c == '\n' || c == '\r');
        lines_ += c == '\n';
        value_begins_ = line_begins_ = line_end;
        out += c;
    }

    std::shared_ptr<InputStream> source_;
    std::string separator_;
    std::shared_ptr<CsvStreamLog> log_;
    std::string held_;
    int64_t lines_ = 0;
    bool ended_ = false, quoted_ = false, just_closed_ = false, after_blanks_ = false;
    bool value_begins_ = true, line_begins_ = true;
};

/// Passes the bytes of `source` on, counts lines, stops at what text of its kind does not have, and adds a tail at the
/// end. Unlike Arrow's TransformInputStream it hands out what it gets without a copy.
class CsvInputStream : public InputStream {
public:
    CsvInputStream(std::shared_ptr<InputStream> source, std::string tail, bool refuse_quotes,
                   std::shared_ptr<CsvStreamLog> log)
        : source_(std::move(source)), tail_(std::move(tail)), refuse_quotes_(refuse_quotes), log_(std::move(log)) {}

    arrow::Status Close() override { return source_->Close(); }
    bool closed() const override { return source_->closed(); }
    arrow::Result<int64_t> Tell() const override { return source_->Tell(); }

    /// At the end of the file more than `nbytes`, by the tail.
    BufferResult Read(int64_t nbytes) override {
        try {
            return read_block(nbytes);
        } catch (const std::bad_alloc&) {  // on a thread of Arrow's, which would end the process
            return arrow::Status::OutOfMemory("there is not enough memory");
        }
    }

    arrow::Result<int64_t> Read(int64_t, void*) override {
        return arrow::Status::NotImplemented("CSV is read by buffers");
    }

private:
    BufferResult read_block(int64_t nbytes) {
        ARROW_ASSIGN_OR_RAISE(auto bytes, next(nbytes));
        if (bytes->size() == nbytes) return bytes;
        // Near the end, or a source that gives what it has at hand: the parser wants a row's end in every block.
        std::string block = bytes->ToString();
        while (bytes->size() > 0 && std::ssize(block) < nbytes) {
            ARROW_ASSIGN_OR_RAISE(bytes, next(nbytes - std::ssize(block)));
            block += std::string_view(*bytes);
        }
        if (bytes->size() == 0) block += end();
        return arrow::Buffer::FromString(std::move(block));
    }

    /// Not much at a time: streams take memory for as much as they are asked for, however little there is.
    BufferResult next(int64_t nbytes) {
        constexpr int64_t kStep = 1 << 20;
        ARROW_ASSIGN_OR_RAISE(auto bytes, source_->Read(std::min(nbytes, kStep)));
        if (bytes->size() > 0) ARROW_RETURN_NOT_OK(inspect(std::string_view(*bytes)));
        return bytes;
    }

    arrow::Status inspect(std::string_view text) {
        if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
            log_->nul_line = log_->lines + count_lines(text.substr(0, nul)) + 1;
            return arrow::Status::Invalid("a NUL byte");
        }
        if (!log_->quoted && text.find('"') != std::string_view::npos) log_->quoted = true;
        if (refuse_quotes_ && log_->quoted) return arrow::Status::Invalid("a quote");
        log_->lines += count_lines(text);
        inside_line_ = text.back() != '\n';
        return arrow::Status::OK();
    }

    static int64_t count_lines(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

    /// May be called more than once.
    std::string end() {
        const bool unfinished = std::exchange(inside_line_, false);
        if (unfinished) ++log_->lines;
        std::string end = unfinished ? "\n" : "";
        return end.append(std::exchange(tail_, {}));
    }

    std::shared_ptr<InputStream> source_;
    std::string tail_;
    bool refuse_quotes_;
    std::shared_ptr<CsvStreamLog> log_;
    bool inside_line_ = false;
};

}  // namespace

CsvSource::CsvSource(const std::filesystem::path& path, std::string name) : name_(std::move(name)) {
    require_readable_file(path);
    file_ = arrow_value(arrow::io::ReadableFile::Open(path.string()), "Cannot read ", name_);
    struct stat file {};
    require(fstat(file_->file_descriptor(), &file) == 0, "Cannot read ", name_);
    size_ = file.st_size;
    written_ = file.st_mtim;
}

std::shared_ptr<InputStream> CsvSource::stream() const {
    return arrow_value(arrow::io::RandomAccessFile::GetStream(file_, 0, size_), "Cannot read ", name_);
}

void CsvSource::require_unchanged() const {
    struct stat file {};
    const bool same = fstat(file_->file_descriptor(), &file) == 0 && file.st_size == size_ &&
                      file.st_mtim.tv_sec == written_.tv_sec && file.st_mtim.tv_nsec == written_.tv_nsec;
    require(same, "Cannot read ", name_, ": it was changed while it was read; read it when nobody writes it");
}

std::shared_ptr<InputStream> open_csv_stream(const CsvSource& source, CsvStreamOptions options,
                                             std::shared_ptr<CsvStreamLog> log) {
    std::shared_ptr<InputStream> stream = source.stream();
    if (const auto compression = codec_of(source); compression != arrow::Compression::UNCOMPRESSED) {
        const std::string& name = source.name();
        const auto codec = arrow_value(arrow::util::Codec::Create(compression), "Cannot unpack ", name);
        stream = arrow_value(arrow::io::CompressedInputStream::Make(codec.get(), stream), "Cannot unpack ", name);
    }
    if (options.latin_1) stream = std::make_shared<arrow::io::TransformInputStream>(stream, latin_1_to_utf8);
    if (options.separator) stream = std::make_shared<SeparatorStream>(std::move(stream), *options.separator, log);
    return std::make_shared<CsvInputStream>(std::move(stream), std::move(options.tail), options.refuse_quotes,
                                            std::move(log));
}

}  // namespace embark
