#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <vector>

#include <ATen/ATen.h>
#include <png.h>

#include "../../../core/error.h"
#include "pixels.h"

namespace embark {

namespace {

/// A PNG that is read from memory. libpng jumps out of its functions where something is wrong; so whoever calls them
/// has no objects of its own that would have to be destroyed.
struct PngReader {
    explicit PngReader(std::string_view content) : rest(content) {
        png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
        if (png != nullptr) info = png_create_info_struct(png);
        require(info != nullptr, "there is no memory for it");
        // The limit is on the number of pixels.
        png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
        // Texts beside the picture may unpack to a thousand times their size.
        constexpr png_uint_32 kNoTexts = 1;
        png_set_chunk_cache_max(png, kNoTexts);
        png_set_read_fn(png, this, on_read);
    }
    ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
    PngReader(const PngReader&) = delete;
    PngReader& operator=(const PngReader&) = delete;

    [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
        auto& reader = *static_cast<PngReader*>(png_get_error_ptr(png));
        std::strncpy(reader.message, message, sizeof reader.message - 1);
        png_longjmp(png, 1);
    }
    static void on_warning(png_structp, png_const_charp) {}
    static void on_read(png_structp png, png_bytep to, size_t n) {
        auto& rest = static_cast<PngReader*>(png_get_io_ptr(png))->rest;
        if (n > rest.size()) png_error(png, "the file ends before its data");
        std::memcpy(to, rest.data(), n);
        rest.remove_prefix(n);
    }

    /// False where something is wrong, as `message` says.
    bool read_header() {
        if (setjmp(png_jmpbuf(png))) return false;
        png_read_info(png, info);
        return true;
    }

    /// Has the rows come in 8 bits or 16: as grey or as red, green and blue, or as the numbers of the file.
    bool prepare(PngPixels what) {
        if (setjmp(png_jmpbuf(png))) return false;
        const png_byte color = png_get_color_type(png, info), depth = png_get_bit_depth(png, info);
        if (what == PngPixels::numbers) {
            png_set_packing(png);
        } else if (color == PNG_COLOR_TYPE_PALETTE) {
            png_set_palette_to_rgb(png);
        } else if (color == PNG_COLOR_TYPE_GRAY && depth < 8) {
            png_set_expand_gray_1_2_4_to_8(png);
        }
        // Of a palette's transparency too, which comes with its colours where there is some.
        png_set_strip_alpha(png);
        if (depth == 16 && std::endian::native == std::endian::little) png_set_swap(png);
        png_set_interlace_handling(png);
        png_read_update_info(png, info);
        return true;
    }

    bool read_rows(png_bytepp rows) {
        if (setjmp(png_jmpbuf(png))) return false;
        png_read_image(png, rows);
        png_read_end(png, info);
        return true;
    }

    png_structp png = nullptr;
    png_infop info = nullptr;
    std::string_view rest;
    char message[200] = {};
};

}  // namespace

Pixels decode_png(std::string_view content, int64_t max_pixels, PngPixels what) {
    PngReader reader(content);
    const auto check = [&](bool is_right) { require(is_right, "its PNG data are broken: ", reader.message); };
    check(reader.read_header());
    const int64_t height = png_get_image_height(reader.png, reader.info);
    const int64_t width = png_get_image_width(reader.png, reader.info);
    require_pixels(height, width, max_pixels);
    check(reader.prepare(what));

    const int64_t channels = png_get_channels(reader.png, reader.info);
    const bool is_wide = png_get_bit_depth(reader.png, reader.info) == 16;
    at::Tensor values = at::empty({height, width, channels}, is_wide ? at::kShort : at::kByte);
    std::vector<png_bytep> rows;
    for (int64_t y = 0; y < height; ++y) {
        rows.push_back(static_cast<png_bytep>(values.data_ptr()) + y * width * channels * values.element_size());
    }
    check(reader.read_rows(rows.data()));
    if (is_wide) values = values.to(at::kInt).bitwise_and_(0xFFFF);

    png_bytep exif = nullptr;
    png_uint_32 n = 0;
    const bool has_exif = png_get_eXIf_1(reader.png, reader.info, &n, &exif) != 0;
    return {values, has_exif ? exif_orientation({reinterpret_cast<const char*>(exif), n}) : 1};
}

}  // namespace embark
