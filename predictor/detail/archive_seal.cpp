#include "archive_seal.h"

#include "../../core/detail/checksum.h"
#include "../../core/error.h"

namespace embark {

namespace {

// A ZIP archive begins with a local file header and ends with this record, whose last two bytes are the length of the
// comment that follows (little-endian).
constexpr std::string_view kLocalHeader("PK\3\4", 4);
constexpr std::string_view kEndRecord("PK\5\6", 4);
constexpr size_t kEndRecordSize = 22;

constexpr std::string_view kLabel = "embark-crc32=";
constexpr size_t kCommentSize = kLabel.size() + 8;

std::string comment_for(std::string_view bytes) {
    return std::string(kLabel) + crc32_hex({bytes});
}

/// Whether a ZIP archive's end record, with a comment of `comment_size` < 256 bytes, is the end of `archive`.
bool ends_with_record(std::string_view archive, size_t comment_size) {
    if (archive.size() < kEndRecordSize + comment_size) return false;
    const std::string_view record = archive.substr(archive.size() - comment_size - kEndRecordSize, kEndRecordSize);
    const bool same_size = record[kEndRecordSize - 2] == static_cast<char>(comment_size) && record.back() == 0;
    return record.starts_with(kEndRecord) && same_size;
}

}  // namespace

std::string seal_archive(std::string archive) {
    require(ends_with_record(archive, 0), "LibTorch wrote a TorchScript archive that does not end as ZIP archives do");
    archive[archive.size() - 2] = static_cast<char>(kCommentSize);
    archive += comment_for(archive);
    return archive;
}

void check_seal(std::string_view archive, const std::string& name) {
    constexpr std::string_view kRight = "a file that export_torchscript wrote is needed";
    require(archive.starts_with(kLocalHeader), name, " is not a TorchScript file; ", kRight);
    const bool sealed =
        ends_with_record(archive, kCommentSize) && archive.substr(archive.size() - kCommentSize).starts_with(kLabel);
    if (!sealed && ends_with_record(archive, 0)) fail(name, " was not written by Embark; ", kRight);
    require(sealed, name, " is incomplete or damaged: its end is missing; copy or export it again");

    const std::string_view content = archive.substr(0, archive.size() - kCommentSize);
    const std::string_view comment = archive.substr(content.size());
    const std::string expected = comment_for(content);
    require(comment == expected, name, " is damaged: the checksum of its content is ", expected.substr(kLabel.size()),
            ", but ", comment.substr(kLabel.size()), " was written; copy or export it again");
}

}  // namespace embark
