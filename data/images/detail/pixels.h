#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace embark {

/// The pixels of a file as they stand there.
struct Pixels {
    /// (height, width, 1 or 3): uint8, or int32 of 16 bits.
    at::Tensor values;
    /// What EXIF calls orientation: 1 … 8.
    int orientation = 1;

    double white() const { return values.scalar_type() == at::kByte ? 255 : 65535; }
};

/// What a PNG's pixels are read as: grey values or colours of 8 or 16 bits, or the numbers that stand in the file,
/// places in its palette among them.
enum class PngPixels { colors, numbers };

/// Of the content of a PNG, or of a JPEG file. Throw Error with the reason, "its PNG data are broken: …".
Pixels decode_png(std::string_view content, int64_t max_pixels, PngPixels what = PngPixels::colors);
Pixels decode_jpeg(std::string_view content, int64_t max_pixels);

/// Throws Error for sides that make more pixels.
void require_pixels(int64_t height, int64_t width, int64_t max_pixels);

/// The orientation that EXIF data, from their byte order on, have for the first picture; 1 where they have none, or
/// cannot be read: no picture is worse for it.
int exif_orientation(std::string_view exif);

}  // namespace embark
