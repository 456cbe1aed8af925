#include "csv_stream.h"

#include <algorithm>
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

std::shared_ptr<InputStream> open_csv_stream(const std::filesystem::path& path, CsvStreamOptions options,
                                             std::shared_ptr<CsvStreamLog> log) {
    const std::string name = path.string();
    const auto file = arrow_value(arrow::io::ReadableFile::Open(name), "Cannot read ", name);
    std::shared_ptr<InputStream> stream = file;
    if (is_gzip(*file, name)) {
        const auto codec = arrow_value(arrow::util::Codec::Create(arrow::Compression::GZIP), "Cannot unzip ", name);
        stream = arrow_value(arrow::io::CompressedInputStream::Make(codec.get(), stream), "Cannot unzip ", name);
    }
    if (options.latin_1) stream = std::make_shared<arrow::io::TransformInputStream>(stream, latin_1_to_utf8);
    return std::make_shared<CsvInputStream>(std::move(stream), std::move(options.tail), options.refuse_quotes,
                                            std::move(log));
}

}  // namespace embark
