#include "image.h"

#include <algorithm>
#include <array>

#include <ATen/ATen.h>
#include <png.h>

#include "../../core/error.h"
#include "../../core/file.h"
#include "detail/pixels.h"

namespace embark {

namespace {

using Bytes = std::string_view;

/// What files of other kinds begin with, so that the error can say what they are.
constexpr std::array<std::pair<Bytes, const char*>, 7> kOtherFormats = {{{"GIF8", "a GIF"},
                                                                         {"BM", "a BMP"},
                                                                         {"RIFF", "a WebP or other RIFF"},
                                                                         {"II*", "a TIFF"},
                                                                         {"MM\0*", "a TIFF"},
                                                                         {"P6", "a PPM"},
                                                                         {"%PDF", "a PDF"}}};

constexpr Bytes kPng = "\x89PNG\r\n\x1A\n", kJpeg = "\xFF\xD8\xFF";

Pixels decode_pixels(Bytes content, int64_t max_pixels) {
    require(!content.empty(), "it is empty");
    if (content.starts_with(kPng)) return decode_png(content, max_pixels);
    if (content.starts_with(kJpeg)) return decode_jpeg(content, max_pixels);
    for (const auto& [begin, name] : kOtherFormats) {
        require(!content.starts_with(begin), "it is ", name, " file; pictures are read from PNG and JPEG files");
    }
    fail("it is neither a PNG nor a JPEG file");
}

Pixels decode_numbers(Bytes content, int64_t max_pixels) {
    require(!content.starts_with(kJpeg), "it is a JPEG file, which does not keep numbers as they are; a mask is a PNG file");
    if (!content.starts_with(kPng)) return decode_pixels(content, max_pixels);
    Pixels pixels = decode_png(content, max_pixels, PngPixels::numbers);
    require(pixels.values.size(2) == 1, "its pixels are colours; a mask has one number a pixel, grey or of a palette");
    return pixels;
}

void require_valid_size(int64_t height, int64_t width, int64_t max_pixels, const char* what) {
    const bool is_resized = height >= 1 && width >= 1;
    require<UsageError>(is_resized || (height == 0 && width == 0), what, " cannot be resized to ", height, " × ", width,
                        " pixels; height and width are at least 1, or both 0 for those of the file");
    require<UsageError>(max_pixels >= 1, "Invalid max_pixels ", max_pixels, ": it must be at least 1");
}

/// What `decode` makes of the file's content.
template <class Decode>
at::Tensor read_pixels(const std::filesystem::path& file, const Decode& decode) {
    const std::string content = read_file(file);
    try {
        return decode(content);
    } catch (const Error& error) {
        fail("Cannot read ", file.string(), ": ", error.what());
    }
}

/// (height, width, 3) as (height, width, 1), by ITU-R 601-2 in the integers that PIL takes.
template <class Value>
at::Tensor grey_of(const at::Tensor& colors) {
    at::Tensor grey = at::empty({colors.size(0), colors.size(1), 1}, colors.options());
    const Value* from = colors.const_data_ptr<Value>();
    Value* to = grey.mutable_data_ptr<Value>();
    for (int64_t i = 0; i < grey.numel(); ++i, from += 3) {
        const auto sum = uint32_t(from[0]) * 19595 + uint32_t(from[1]) * 38470 + uint32_t(from[2]) * 7471 + 0x8000;
        to[i] = static_cast<Value>(sum >> 16);
    }
    return grey;
}

/// A picture (channels, height, width) as EXIF's orientation says.
at::Tensor oriented(at::Tensor picture, int orientation) {
    if (orientation >= 5) picture = picture.transpose(1, 2);
    const bool is_mirrored = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    const bool is_upside_down = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    if (is_mirrored) picture = picture.flip(2);
    if (is_upside_down) picture = picture.flip(1);
    return picture;
}

/// Of bytes in bytes, as PIL does it, which is several times faster than in floats.
at::Tensor resized(const at::Tensor& picture, const ImageOptions& options) {
    if (options.height == 0 || (picture.size(1) == options.height && picture.size(2) == options.width)) return picture;
    const bool is_bytes = picture.scalar_type() == at::kByte;
    const at::Tensor batch = (is_bytes ? picture : picture.to(at::kFloat)).unsqueeze(0);
    return at::_upsample_bilinear2d_aa(batch, {options.height, options.width}, /*align_corners=*/false).squeeze(0);
}

}  // namespace

void require_pixels(int64_t height, int64_t width, int64_t max_pixels) {
    // Both are below 2³¹.
    require(height * width <= max_pixels, "it says that it has ", width, " × ", height, " pixels, more than the ",
            max_pixels, " of max_pixels");
}

void require_valid(const ImageOptions& options) {
    require<UsageError>(options.channels == 1 || options.channels == 3, "Pictures cannot have ", options.channels,
                        " channels; they have 3, or 1 where they are grey");
    require_valid_size(options.height, options.width, options.max_pixels, "Pictures");
}

at::Tensor decode_image(std::string_view content, const ImageOptions& options) {
    require_valid(options);
    Pixels pixels = decode_pixels(content, options.max_pixels);
    const double white = pixels.white();
    at::Tensor values = pixels.values;
    if (options.channels == 1 && values.size(2) == 3) {
        values = values.scalar_type() == at::kByte ? grey_of<uint8_t>(values) : grey_of<int32_t>(values);
    }
    const at::Tensor picture = resized(oriented(values.permute({2, 0, 1}), pixels.orientation), options);
    return picture.expand({options.channels, -1, -1}).to(at::kFloat).contiguous().div_(white);
}

at::Tensor read_image(const std::filesystem::path& file, const ImageOptions& options) {
    require_valid(options);
    return read_pixels(file, [&](const std::string& content) { return decode_image(content, options); });
}

at::Tensor decode_mask(std::string_view content, const MaskOptions& options) {
    require_valid_size(options.height, options.width, options.max_pixels, "Masks");
    const Pixels pixels = decode_numbers(content, options.max_pixels);
    at::Tensor mask = oriented(pixels.values.permute({2, 0, 1}), pixels.orientation);
    if (options.height != 0) {
        // Numbers of 16 bits are the same in float32.
        mask = at::_upsample_nearest_exact2d(mask.to(at::kFloat).unsqueeze(0), {options.height, options.width}).squeeze(0);
    }
    return mask[0].to(at::kLong).contiguous();
}

at::Tensor read_mask(const std::filesystem::path& file, const MaskOptions& options) {
    require_valid_size(options.height, options.width, options.max_pixels, "Masks");
    return read_pixels(file, [&](const std::string& content) { return decode_mask(content, options); });
}

std::string encode_png(const at::Tensor& picture) {
    require(picture.defined() && picture.dim() == 3 && (picture.size(0) == 1 || picture.size(0) == 3) &&
                picture.numel() > 0,
            "A picture for a PNG file has the shape (1 or 3, height, width)",
            picture.defined() ? concat(", and this has ", picture.sizes()) : "");
    at::Tensor bytes = picture.detach().cpu();
    if (bytes.scalar_type() != at::kByte) {
        bytes = bytes.to(at::kFloat);
        require(bytes.ge(0).logical_and(bytes.le(1)).all().item<bool>(),
                "A picture for a PNG file has numbers from 0 to 1, or bytes");
        bytes = bytes.mul(255).round().to(at::kByte);
    }
    bytes = bytes.permute({1, 2, 0}).contiguous();

    png_image image = {};
    image.version = PNG_IMAGE_VERSION;
    image.height = static_cast<png_uint_32>(bytes.size(0));
    image.width = static_cast<png_uint_32>(bytes.size(1));
    image.format = bytes.size(2) == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::string content(size, '\0');
    const bool is_written =
        png_image_write_to_memory(&image, content.data(), &size, 0, bytes.const_data_ptr(), 0, nullptr) != 0;
    require(is_written, "The picture cannot be made a PNG file: ", image.message);
    content.resize(size);
    return content;
}

void write_png(const std::filesystem::path& file, const at::Tensor& picture) {
    const std::string content = encode_png(picture);
    write_file_atomically(file, {content});
}

}  // namespace embark
