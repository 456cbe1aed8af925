#include <embark/modules/image_encoder.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "test_files.h"

namespace embark {
namespace image_encoder_test {

using ::testing::HasSubstr;
using testing::message_of;

TEST(ImageEncoder, makes_rows_of_images_of_any_size) {
    ImageEncoder encoder(ImageEncoderOptions{.channels = 2, .layers = {4, 6}});
    EXPECT_EQ(encoder->width(), 6);
    EXPECT_EQ(encoder->forward(torch::randn({3, 2, 16, 12})).sizes(), at::IntArrayRef({3, 6}));
    EXPECT_EQ(encoder->forward(torch::randn({3, 2, 1, 5})).sizes(), at::IntArrayRef({3, 6}));
    EXPECT_EQ(ImageEncoder()->width(), 64);
}

// A 2×2 image of one channel and weights of 1: the convolution sees all four pixels from its one place.
TEST(ImageEncoder, computes_what_can_be_computed_by_hand) {
    ImageEncoder encoder(ImageEncoderOptions{.channels = 1, .layers = {1}});
    encoder->eval();
    torch::NoGradGuard no_grad;
    encoder->named_parameters()["layers.0.weight"].fill_(1);
    const auto output = encoder->forward(torch::tensor({1.f, 2.f, 3.f, -2.f}).view({1, 1, 2, 2}));
    EXPECT_NEAR(output.item<float>(), 4 / std::sqrt(1 + 1e-5), 1e-6);
    EXPECT_EQ(encoder->forward(-torch::ones({1, 1, 2, 2})).item<float>(), 0);
}

TEST(ImageEncoder, can_be_cloned) {
    ImageEncoder encoder(ImageEncoderOptions{.layers = {4, 6}});
    const auto copy = std::dynamic_pointer_cast<ImageEncoderImpl>(encoder->clone());
    ASSERT_TRUE(copy);
    const auto images = torch::randn({2, 3, 8, 8});
    EXPECT_TRUE(copy->forward(images).equal(encoder->forward(images)));
}

TEST(ImageEncoder, says_what_is_wrong) {
    EXPECT_THAT(message_of<UsageError>([] { ImageEncoder(ImageEncoderOptions{.channels = 0}); }),
                HasSubstr("Invalid number of channels 0"));
    EXPECT_THAT(message_of<UsageError>([] { ImageEncoder(ImageEncoderOptions{.layers = {}}); }),
                HasSubstr("there must be one at least"));
    EXPECT_THAT(message_of<Error>([] {
                    ImageEncoder()->forward(torch::ones({2, 1, 8, 8}));
                }),
                HasSubstr("(n, 3, height, width), not a tensor of shape [2, 1, 8, 8]"));
}

}  // namespace image_encoder_test
}  // namespace embark
