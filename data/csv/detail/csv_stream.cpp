#include "csv_stream.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/io/transform.h>
#include <arrow/util/compression.h>

#include "../../table/detail/arrow_utils.h"

namespace embark {

namespace {

using arrow::io::InputStream;
using BufferResult = arrow::Result<std::shared_ptr<arrow::Buffer>>;

bool is_gzip(arrow::io::ReadableFile& file, const std::string& name) {
    const auto head = arrow_value(file.Read(2), "Cannot read ", name);
    require_arrow(file.Seek(0), "Cannot read ", name);
    return std::string_view(*head) == "\x1f\x8b";
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

/// Passes the bytes of `source` on, counts lines, stops at a NUL byte, and adds a tail at the end. Unlike Arrow's
/// TransformInputStream it hands out what it gets without a copy.
class CsvInputStream : public InputStream {
public:
    CsvInputStream(std::shared_ptr<InputStream> source, std::string name, std::string tail,
                   std::shared_ptr<CsvStreamLog> log)
        : source_(std::move(source)), name_(std::move(name)), tail_(std::move(tail)), log_(std::move(log)) {}

    arrow::Status Close() override { return source_->Close(); }
    bool closed() const override { return source_->closed(); }
    arrow::Result<int64_t> Tell() const override { return source_->Tell(); }

    /// At the end of the file more than `nbytes`, by the tail.
    BufferResult Read(int64_t nbytes) override {
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

    arrow::Result<int64_t> Read(int64_t, void*) override {
        return arrow::Status::NotImplemented("CSV is read by buffers");
    }

private:
    BufferResult next(int64_t nbytes) {
        ARROW_ASSIGN_OR_RAISE(auto bytes, source_->Read(nbytes));
        if (bytes->size() > 0) ARROW_RETURN_NOT_OK(watch(std::string_view(*bytes)));
        return bytes;
    }

    arrow::Status watch(std::string_view text) {
        if (const void* nul = std::memchr(text.data(), '\0', text.size())) {
            const auto before = static_cast<const char*>(nul) - text.data();
            return refuse(log_->lines + std::count(text.begin(), text.begin() + before, '\n') + 1);
        }
        log_->lines += std::count(text.begin(), text.end(), '\n');
        log_->blank = log_->blank && text.find_first_not_of("\r\n\xEF\xBB\xBF") == std::string_view::npos;
        inside_line_ = text.back() != '\n';
        return arrow::Status::OK();
    }

    /// May be called more than once.
    std::string end() {
        const bool unfinished = std::exchange(inside_line_, false);
        if (unfinished) ++log_->lines;
        std::string end = unfinished ? "\n" : "";
        return end.append(std::exchange(tail_, {}));
    }

    arrow::Status refuse(int64_t line) {
        log_->problem = concat("Cannot read ", name_, " as CSV: line ", line,
                               " has a NUL byte, which no text has; is the file binary, or UTF-16?");
        return arrow::Status::Invalid(log_->problem);
    }

    std::shared_ptr<InputStream> source_;
    std::string name_;
    std::string tail_;
    std::shared_ptr<CsvStreamLog> log_;
    bool inside_line_ = false;
};

}  // namespace

std::shared_ptr<InputStream> open_csv_stream(const std::filesystem::path& path, bool latin_1, std::string tail,
                                             std::shared_ptr<CsvStreamLog> log) {
    const std::string name = path.string();
    const auto file = arrow_value(arrow::io::ReadableFile::Open(name), "Cannot read ", name);
    std::shared_ptr<InputStream> stream = file;
    if (is_gzip(*file, name)) {
        const auto codec = arrow_value(arrow::util::Codec::Create(arrow::Compression::GZIP), "Cannot unzip ", name);
        stream = arrow_value(arrow::io::CompressedInputStream::Make(codec.get(), stream), "Cannot unzip ", name);
    }
    if (latin_1) stream = std::make_shared<arrow::io::TransformInputStream>(stream, latin_1_to_utf8);
    return std::make_shared<CsvInputStream>(std::move(stream), name, std::move(tail), std::move(log));
}

}  // namespace embark
