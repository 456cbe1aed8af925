#include <csetjmp>
#include <cstdio>

#include <ATen/ATen.h>
#include <jpeglib.h>
// After jpeglib.h, which it needs.
#include <jerror.h>

#include "../../../core/error.h"
#include "pixels.h"

namespace embark {

namespace {

/// Scans of a progressive file, each of which may be a few bytes and makes the decoder go over all pixels again.
constexpr int kMaxScans = 500;

/// Whether pixels are right all the same.
bool is_harmless(int warning) {
    return warning == JWRN_EXTRANEOUS_DATA || warning == JWRN_JFIF_MAJOR || warning == JWRN_ADOBE_XFORM;
}

/// A JPEG that is read from memory. libjpeg is made to jump out of its functions where something is wrong; so whoever
/// calls them has no objects of its own that would have to be destroyed.
struct JpegReader {
    JpegReader() {
        jpeg.err = jpeg_std_error(&errors);
        jpeg.client_data = this;
        errors.error_exit = [](j_common_ptr common) { leave(common); };
        errors.emit_message = [](j_common_ptr common, int level) {
            if (level < 0 && !is_harmless(common->err->msg_code)) leave(common);
        };
    }
    ~JpegReader() { jpeg_destroy_decompress(&jpeg); }
    JpegReader(const JpegReader&) = delete;
    JpegReader& operator=(const JpegReader&) = delete;

    [[noreturn]] static void leave(j_common_ptr common) {
        auto& reader = *static_cast<JpegReader*>(common->client_data);
        common->err->format_message(common, reader.message);
        std::longjmp(reader.jump, 1);
    }
    static void on_progress(j_common_ptr common) {
        auto& reader = *static_cast<JpegReader*>(common->client_data);
        if (reader.jpeg.input_scan_number <= kMaxScans) return;
        std::snprintf(reader.message, sizeof reader.message, "it has more than %d scans", kMaxScans);
        std::longjmp(reader.jump, 1);
    }

    /// False where something is wrong, as `message` says.
    bool read_header(std::string_view content) {
        if (setjmp(jump)) return false;
        jpeg_create_decompress(&jpeg);
        progress.progress_monitor = on_progress;
        jpeg.progress = &progress;
        jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(content.data()), content.size());
        jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);
        jpeg_read_header(&jpeg, TRUE);
        return true;
    }

    bool read_rows(unsigned char* to, size_t row_bytes) {
        if (setjmp(jump)) return false;
        jpeg_start_decompress(&jpeg);
        while (jpeg.output_scanline < jpeg.output_height) {
            unsigned char* row = to + jpeg.output_scanline * row_bytes;
            jpeg_read_scanlines(&jpeg, &row, 1);
        }
        jpeg_finish_decompress(&jpeg);
        return true;
    }

    jpeg_decompress_struct jpeg = {};
    jpeg_error_mgr errors = {};
    jpeg_progress_mgr progress = {};
    std::jmp_buf jump;
    char message[JMSG_LENGTH_MAX] = {};
};

/// Red, green and blue of (height, width, 4) by PIL's formula, for which nothing is known of the inks. Inks are the
/// other way round, 255 where ink is missing, as Adobe's programs write them, and PIL too takes all files.
at::Tensor rgb_of_cmyk(const at::Tensor& cmyk) {
    at::Tensor rgb = at::empty({cmyk.size(0), cmyk.size(1), 3}, at::kByte);
    const auto* from = cmyk.const_data_ptr<uint8_t>();
    auto* to = rgb.mutable_data_ptr<uint8_t>();
    for (int64_t i = 0; i < rgb.size(0) * rgb.size(1); ++i, from += 4) {
        for (int c = 0; c < 3; ++c) {
            const int product = (255 - from[c]) * from[3] + 128;
            *to++ = static_cast<uint8_t>(from[3] - ((product + (product >> 8)) >> 8));
        }
    }
    return rgb;
}

int orientation_of(const jpeg_decompress_struct& jpeg) {
    constexpr std::string_view kExif("Exif\0\0", 6);
    for (auto marker = jpeg.marker_list; marker != nullptr; marker = marker->next) {
        const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
        if (data.starts_with(kExif)) return exif_orientation(data.substr(kExif.size()));
    }
    return 1;
}

}  // namespace

Pixels decode_jpeg(std::string_view content, int64_t max_pixels) {
    JpegReader reader;
    const auto check = [&](bool is_right) { require(is_right, "its JPEG data are broken: ", reader.message); };
    check(reader.read_header(content));
    jpeg_decompress_struct& jpeg = reader.jpeg;
    const int64_t height = jpeg.image_height, width = jpeg.image_width, channels = jpeg.num_components;
    require_pixels(height, width, max_pixels);
    require(channels == 1 || channels == 3 || channels == 4, "it has ", channels,
            " channels; a JPEG file that can be read has 1 (grey), 3 (colours) or 4 (CMYK)");
    const int orientation = orientation_of(jpeg);  // before the markers go, with the last row
    jpeg.out_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    at::Tensor values = at::empty({height, width, channels}, at::kByte);
    check(reader.read_rows(values.mutable_data_ptr<uint8_t>(), static_cast<size_t>(width * channels)));
    if (channels == 4) values = rgb_of_cmyk(values);
    return {values, orientation};
}

}  // namespace embark
