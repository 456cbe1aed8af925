#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace embark {

/// What a picture of a file becomes.
struct ImageOptions {
    /// 3: red, green and blue; 1: grey. Files of the other kind are converted, transparency is left out, as PIL's
    /// `convert("RGB")` and `convert("L")` do.
    int64_t channels = 3;
    /// Rows of pixels that it is resized to, whatever its own proportions (bilinear with antialiasing); 0, as the
    /// width: as in the file.
    int64_t height = 0;
    int64_t width = 0;  ///< columns of pixels; 0, as the height: as in the file
    /// A file that says it has more is refused before memory is taken for them.
    int64_t max_pixels = 100'000'000;
};

/// The picture in a PNG or JPEG file, which its content tells and not its name: (channels, height, width) float32 from
/// 0 to 1, turned as its EXIF orientation says. Pixels of 16 bits keep them all. Throws Error, which names the file,
/// for one that is something else, broken, cut off or too large, UsageError for options that cannot be. From any
/// thread.
at::Tensor read_image(const std::filesystem::path& file, const ImageOptions& options = {});

/// The same of a file's content. Errors name no file.
at::Tensor decode_image(std::string_view content, const ImageOptions& options = {});

/// What a mask of a file becomes.
struct MaskOptions {
    /// Pixels that it is resized to, each of which is the nearest one of the file, as PIL's `NEAREST` takes it; both 0:
    /// as in the file.
    int64_t height = 0;
    int64_t width = 0;  ///< columns of pixels; 0, as the height: as in the file
    /// A file that says it has more is refused before memory is taken for them.
    int64_t max_pixels = 100'000'000;
};

/// The numbers of a PNG file's pixels, such as the classes of a segmentation: (height, width) int64, places in the
/// palette or grey values as they stand in the file, turned as read_image turns its picture. Throws Error, which names
/// the file, for one in colours or in JPEG, which has no such numbers, or that read_image refuses, UsageError for
/// options that cannot be. From any thread.
at::Tensor read_mask(const std::filesystem::path& file, const MaskOptions& options = {});

/// The same of a file's content. Errors name no file.
at::Tensor decode_mask(std::string_view content, const MaskOptions& options = {});

/// A PNG file's content, 8 bits a channel, of a picture (1 or 3, height, width): uint8, or numbers from 0 to 1, which
/// are rounded. Throws Error for other shapes, and for numbers outside.
std::string encode_png(const at::Tensor& picture);

/// Writes the same to a file, atomically.
void write_png(const std::filesystem::path& file, const at::Tensor& picture);

/// Throws UsageError for options that cannot be.
void require_valid(const ImageOptions& options);

}  // namespace embark
