#include <embark/core/detail/checksum.h>
#include <embark/core/error.h>
#include <embark/data/images/image.h>

#include <ATen/ATen.h>
#include <boost/crc.hpp>
#include <gmock/gmock.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace image_test {

using embark::testing::message_of;
using embark::testing::tensor_baseline;
using embark::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string bytes_of(const at::Tensor& content) {
    return {static_cast<const char*>(content.const_data_ptr()), static_cast<size_t>(content.numel())};
}

/// Files that other programs wrote, by name.
std::vector<std::string> baseline_files(const TensorFile& baseline) {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : baseline.tensors) {
        if (name.ends_with(".content")) names.push_back(name.substr(0, name.size() - std::string(".content").size()));
    }
    return names;
}

/// The largest difference from PIL's bytes, in bytes; above 255 for another shape.
double difference_in_bytes(const at::Tensor& picture, const at::Tensor& bytes) {
    if (picture.sizes() != bytes.sizes()) return 999;
    return (picture * 255 - bytes.to(at::kFloat)).abs().max().item<double>();
}

TEST(Image, of_png_has_pils_pixels_to_the_bit_and_of_jpeg_within_two) {
    const TensorFile baseline = tensor_baseline("images.safetensors");
    int n_png = 0, n_jpeg = 0;
    for (const std::string& name : baseline_files(baseline)) {
        if (name.ends_with("_16.png")) continue;
        const std::string content = bytes_of(baseline.tensors.at(name + ".content"));
        const at::Tensor rgb = baseline.tensors.at(name + ".rgb"), grey = baseline.tensors.at(name + ".grey");
        const at::Tensor picture = decode_image(content), in_grey = decode_image(content, {.channels = 1});
        EXPECT_EQ(picture.scalar_type(), at::kFloat) << name;
        if (name.ends_with(".png")) {
            EXPECT_TRUE(at::equal(picture, rgb.to(at::kFloat) / 255)) << name;
            EXPECT_TRUE(at::equal(in_grey, grey.to(at::kFloat) / 255)) << name;
            ++n_png;
        } else {
            EXPECT_LE(difference_in_bytes(picture, rgb), 2) << name;
            EXPECT_LE(difference_in_bytes(in_grey, grey), 2) << name;
            ++n_jpeg;
        }
    }
    EXPECT_EQ(n_png, 20);
    EXPECT_EQ(n_jpeg, 13);
}

TEST(Image, of_16_bits_keeps_them_all) {
    const TensorFile baseline = tensor_baseline("images.safetensors");
    const auto values = [&](const std::string& name) {
        return baseline.tensors.at(name + ".values").to(at::kFloat) / 65535;
    };
    const auto content = [&](const std::string& name) { return bytes_of(baseline.tensors.at(name + ".content")); };
    EXPECT_TRUE(at::equal(decode_image(content("grey_16.png"), {.channels = 1}), values("grey_16.png")));
    EXPECT_TRUE(at::equal(decode_image(content("grey_16.png")), values("grey_16.png").expand({3, -1, -1})));
    EXPECT_TRUE(at::equal(decode_image(content("rgb_16.png")), values("rgb_16.png")));
    const at::Tensor colors = values("rgb_16.png").to(at::kDouble);
    const at::Tensor grey = 0.299 * colors[0] + 0.587 * colors[1] + 0.114 * colors[2];
    EXPECT_TRUE(at::allclose(decode_image(content("rgb_16.png"), {.channels = 1})[0].to(at::kDouble), grey, 0, 3e-5));
    EXPECT_EQ(decode_image(content("rgb_16.png"), {.height = 4, .width = 5}).sizes(), at::IntArrayRef({3, 4, 5}));
}

TEST(Image, is_resized_as_pil_does_it) {
    const TensorFile baseline = tensor_baseline("images.safetensors");
    for (const std::string& name : baseline_files(baseline)) {
        if (name.ends_with("_16.png")) continue;
        const std::string content = bytes_of(baseline.tensors.at(name + ".content"));
        const at::Tensor resized = baseline.tensors.at(name + ".resized");
        EXPECT_LE(difference_in_bytes(decode_image(content, {.height = 7, .width = 6}), resized), 2) << name;
    }
}

TEST(Mask, has_the_numbers_that_stand_in_the_file) {
    const TensorFile baseline = tensor_baseline("images.safetensors");
    int found = 0;
    for (const std::string& name : baseline_files(baseline)) {
        const std::string content = bytes_of(baseline.tensors.at(name + ".content"));
        if (!baseline.tensors.contains(name + ".stored")) continue;
        const at::Tensor mask = decode_mask(content), small = decode_mask(content, {.height = 7, .width = 6});
        EXPECT_EQ(mask.scalar_type(), at::kLong) << name;
        EXPECT_TRUE(at::equal(mask, baseline.tensors.at(name + ".stored").to(at::kLong))) << name;
        EXPECT_TRUE(at::equal(small, baseline.tensors.at(name + ".nearest").to(at::kLong))) << name;
        ++found;
    }
    EXPECT_EQ(found, 7);
    const at::Tensor wide = decode_mask(bytes_of(baseline.tensors.at("grey_16.png.content")));
    EXPECT_TRUE(at::equal(wide, baseline.tensors.at("grey_16.png.values")[0].to(at::kLong)));
}

TEST(Mask, is_refused_where_a_file_has_no_numbers) {
    const TensorFile baseline = tensor_baseline("images.safetensors");
    const TemporaryFolder folder;
    const auto problem = [&](const std::string& name) {
        const auto file = folder.write(name, bytes_of(baseline.tensors.at(name + ".content")));
        return message_of<Error>([&] { read_mask(file); });
    };
    EXPECT_THAT(problem("rgb.png"), AllOf(HasSubstr("rgb.png: its pixels are colours"), HasSubstr("one number a pixel")));
    EXPECT_THAT(problem("rgba.png"), HasSubstr("its pixels are colours"));
    EXPECT_THAT(problem("grey.jpg"), HasSubstr("a mask is a PNG file"));
    EXPECT_THAT(message_of<Error>([] { decode_mask("GIF89a…"); }), HasSubstr("it is a GIF file"));
    EXPECT_THAT(message_of<Error>([] { decode_mask(""); }), HasSubstr("it is empty"));
    EXPECT_THAT(message_of<UsageError>([] { decode_mask("", {.height = 3}); }), HasSubstr("Masks cannot be resized to 3 × 0"));
}

/// A PNG of one grey picture.
std::string small_png(int64_t height = 4, int64_t width = 5) {
    return encode_png(at::arange(height * width, at::kFloat).view({1, height, width}) / (height * width));
}

TEST(Image, is_written_and_read_back) {
    const TemporaryFolder folder;
    const at::Tensor bytes = at::arange(60).view({3, 4, 5}).to(at::kByte);
    write_png(folder.path() / "a.png", bytes);
    EXPECT_TRUE(at::equal(read_image(folder.path() / "a.png"), bytes.to(at::kFloat) / 255));
    const at::Tensor picture = at::rand({1, 3, 2});
    EXPECT_TRUE(at::allclose(decode_image(encode_png(picture), {.channels = 1}), picture, 0, 0.5 / 255 + 1e-6));
    EXPECT_THAT(message_of<Error>([] { encode_png(at::zeros({2, 4, 5})); }), HasSubstr("[2, 4, 5]"));
    EXPECT_THAT(message_of<Error>([] { encode_png(at::full({1, 4, 5}, 1.1)); }), HasSubstr("from 0 to 1"));
    EXPECT_THAT(message_of<Error>([] { encode_png(at::full({1, 4, 5}, NAN)); }), HasSubstr("from 0 to 1"));
}

TEST(Image, may_have_texts_beside_it) {
    const std::string png = small_png();
    constexpr size_t kFirstChunks = 33;  // the signature and the header
    // tEXt: a key, what it says, and the checksum.
    const std::string text("\0\0\0\x0atEXtSoftware\0x", 18);
    boost::crc_32_type checksum;
    checksum.process_bytes(text.data() + 4, text.size() - 4);
    std::string chunk = text;
    for (int shift = 24; shift >= 0; shift -= 8) chunk += static_cast<char>(checksum.checksum() >> shift);
    const std::string with_texts = png.substr(0, kFirstChunks) + chunk + chunk + chunk + png.substr(kFirstChunks);
    EXPECT_TRUE(at::equal(decode_image(with_texts), decode_image(png)));
}

TEST(Image, that_cannot_be_read_is_one_sentence_with_the_files_name) {
    const TemporaryFolder folder;
    const auto problem = [&](std::string_view content, ImageOptions options = {}) {
        const auto file = folder.write("a.png", content);
        return message_of<Error>([&] { read_image(file, options); });
    };
    const std::string png = small_png();
    const TensorFile baseline = tensor_baseline("images.safetensors");
    const std::string jpeg = bytes_of(baseline.tensors.at("rgb.jpg.content"));
    EXPECT_THAT(problem(""), AllOf(HasSubstr("Cannot read"), HasSubstr("a.png: it is empty")));
    EXPECT_THAT(problem("these are words"), HasSubstr("neither a PNG nor a JPEG file"));
    EXPECT_THAT(problem("GIF89a…"), HasSubstr("it is a GIF file"));
    EXPECT_THAT(problem(png.substr(0, png.size() / 2)), HasSubstr("its PNG data are broken"));
    EXPECT_THAT(problem(png.substr(0, 8)), HasSubstr("the file ends before its data"));
    EXPECT_THAT(problem(png.substr(0, png.size() - 12)), HasSubstr("the file ends before its data"));
    EXPECT_THAT(problem(jpeg.substr(0, jpeg.size() / 2)), HasSubstr("its JPEG data are broken"));
    EXPECT_THAT(problem(jpeg.substr(0, 3)), HasSubstr("its JPEG data are broken"));
    EXPECT_THAT(problem(jpeg.substr(0, jpeg.size() - 2)), HasSubstr("its JPEG data are broken"));
    std::string flipped = png;
    flipped[png.find("IDAT") + 8] ^= 1;
    EXPECT_THAT(problem(flipped), HasSubstr("its PNG data are broken"));
    EXPECT_THAT(problem(png, {.max_pixels = 19}), HasSubstr("5 × 4 pixels, more than the 19"));
    EXPECT_THAT(message_of<Error>([&] { read_image(folder.path() / "none.png"); }), HasSubstr("no such file"));
    EXPECT_THAT(message_of<Error>([&] { read_image(folder.path()); }), HasSubstr("folder"));
}

TEST(Image, that_says_it_is_huge_is_refused_before_memory_is_taken) {
    std::string png = small_png();
    png.replace(16, 8, "\x7F\xFF\xFF\xFF\x7F\xFF\xFF\xFF");
    Crc32 sum;
    sum.add(std::string_view(png).substr(12, 17));
    for (size_t i = 0; i < 4; ++i) png[29 + i] = static_cast<char>(sum.value() >> (24 - 8 * i));
    EXPECT_THAT(message_of<Error>([&] { decode_image(png); }),
                HasSubstr("2147483647 × 2147483647 pixels, more than the 100000000 of max_pixels"));
    const TensorFile baseline = tensor_baseline("images.safetensors");
    std::string jpeg = bytes_of(baseline.tensors.at("rgb.jpg.content"));
    const size_t frame = jpeg.find("\xFF\xC0");
    ASSERT_NE(frame, std::string::npos);
    jpeg.replace(frame + 5, 4, "\xFF\x00\xFF\x00", 4);
    EXPECT_THAT(message_of<Error>([&] { decode_image(jpeg); }), HasSubstr("65280 × 65280 pixels, more than the"));
}

TEST(Image, any_byte_changed_or_cut_is_a_picture_or_an_error) {
    const TensorFile baseline = tensor_baseline("images.safetensors");
    for (const char* name : {"interlaced.png", "palette_transparent.png", "progressive.jpg", "orientation_6.jpg"}) {
        const std::string content = bytes_of(baseline.tensors.at(std::string(name) + ".content"));
        int read = 0, refused = 0;
        for (size_t i = 0; i < content.size(); ++i) {
            std::string changed = content;
            changed[i] = static_cast<char>(changed[i] ^ 0x55);
            for (const std::string& tried : {changed, content.substr(0, i)}) {
                try {
                    const at::Tensor picture = decode_image(tried, {.max_pixels = 100'000});
                    EXPECT_TRUE(picture.isfinite().all().item<bool>());
                    ++read;
                } catch (const Error&) {
                    ++refused;
                }
            }
        }
        // All that were cut at least.
        EXPECT_GE(refused, static_cast<int>(content.size())) << name;
        EXPECT_EQ(read + refused, static_cast<int>(2 * content.size()));
    }
}

TEST(Image, options_that_cannot_be_are_refused) {
    const std::string png = small_png();
    EXPECT_THAT(message_of<UsageError>([&] { decode_image(png, {.channels = 4}); }), HasSubstr("4 channels"));
    EXPECT_THAT(message_of<UsageError>([&] { decode_image(png, {.height = 8}); }), HasSubstr("8 × 0"));
    EXPECT_THAT(message_of<UsageError>([&] { decode_image(png, {.height = -1, .width = -1}); }), HasSubstr("-1 × -1"));
    EXPECT_THAT(message_of<UsageError>([&] { decode_image(png, {.max_pixels = 0}); }), HasSubstr("max_pixels"));
}

}  // namespace image_test
}  // namespace embark
