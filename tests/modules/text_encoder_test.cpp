#include <embark/modules/text_encoder.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace text_encoder_test {

using ::testing::HasSubstr;
using testing::largest_difference;
using testing::message_of;
using testing::tensor_baseline;

TextEncoderOptions small() {
    return {.n_tokens = 20, .embedding_size = 5, .hidden_size = 4};
}

/// Outputs and gradients of an encoder with the weights of case `name`, against PyTorch's.
void expect_parity(TextEncoder encoder, const std::string& name) {
    const TensorFile baseline = tensor_baseline("text_encoder.safetensors");
    const auto& tensors = baseline.tensors;
    {
        torch::NoGradGuard no_grad;
        for (auto& item : encoder->named_parameters()) item.value().copy_(tensors.at(name + ".weights." + item.key()));
    }
    const at::Tensor output = encoder->forward(tensors.at("tokens"));
    (output * tensors.at(name + ".factor")).sum().backward();
    EXPECT_EQ(output.size(1), encoder->width());
    EXPECT_LE(largest_difference(output, tensors.at(name + ".output")), 1e-6);
    for (const auto& item : encoder->named_parameters()) {
        EXPECT_LE(largest_difference(item.value().grad(), tensors.at(name + ".gradient." + item.key())), 1e-6)
            << item.key();
    }
}

TEST(TextEncoder, agrees_with_the_gru_of_pytorch) {
    expect_parity(TextEncoder(small()), "gru");
}
TEST(TextEncoder, agrees_with_the_lstm_of_pytorch) {
    auto options = small();
    options.recurrence = Recurrence::lstm;
    expect_parity(TextEncoder(options), "lstm");
}
TEST(TextEncoder, agrees_with_pytorch_in_one_direction) {
    auto options = small();
    options.bidirectional = false;
    expect_parity(TextEncoder(options), "gru_forward");
}
TEST(TextEncoder, agrees_with_the_last_states_of_pytorch) {
    auto options = small();
    options.pooling = TextPooling::last;
    options.n_layers = 2;
    expect_parity(TextEncoder(options), "gru_deep_last");
    options.n_layers = 1;
    options.recurrence = Recurrence::lstm;
    options.bidirectional = false;
    expect_parity(TextEncoder(options), "lstm_forward_last");
}

TEST(TextEncoder, gives_the_same_whatever_the_padding) {
    for (const TextPooling pooling : {TextPooling::mean_max, TextPooling::last}) {
        auto options = small();
        options.pooling = pooling;
        TextEncoder encoder(options);
        encoder->eval();
        const auto text = torch::tensor({{3, 1, 4}});
        const auto padded = torch::tensor({{3, 1, 4, 0, 0}, {1, 5, 9, 2, 6}});
        EXPECT_LE(largest_difference(encoder->forward(padded)[0], encoder->forward(text)[0]), 1e-6);
    }
}

TEST(TextEncoder, gives_zeros_for_padding_alone) {
    for (const TextPooling pooling : {TextPooling::mean_max, TextPooling::last}) {
        auto options = small();
        options.pooling = pooling;
        TextEncoder encoder(options);
        const auto output = encoder->forward(torch::tensor({{0, 0, 0}, {7, 0, 0}, {0, 0, 0}}));
        EXPECT_TRUE(output[0].equal(torch::zeros({encoder->width()})));
        EXPECT_TRUE(output[2].equal(torch::zeros({encoder->width()})));
        EXPECT_GT(output[1].abs().sum().item<double>(), 0);
        output.sum().backward();
        for (const auto& parameter : encoder->parameters()) EXPECT_TRUE(parameter.grad().isfinite().all().item<bool>());
        const auto only_padding = encoder->forward(torch::zeros({2, 3}, at::kLong));
        EXPECT_TRUE(only_padding.equal(torch::zeros_like(only_padding)));
    }
}

TEST(TextEncoder, leaves_the_padding_of_the_embedding_at_zero) {
    TextEncoder encoder(small());
    encoder->forward(torch::tensor({{3, 0, 4, 0}})).sum().backward();
    EXPECT_TRUE(encoder->embedding->weight[0].equal(torch::zeros({5})));
    EXPECT_TRUE(encoder->embedding->weight.grad()[0].equal(torch::zeros({5})));
}

TEST(TextEncoder, can_be_cloned_and_printed) {
    TextEncoder encoder(small());
    const auto copy = std::dynamic_pointer_cast<TextEncoderImpl>(encoder->clone());
    ASSERT_TRUE(copy);
    encoder->eval(), copy->eval();
    const auto tokens = torch::tensor({{3, 1, 4, 0}});
    EXPECT_TRUE(copy->forward(tokens).equal(encoder->forward(tokens)));
    {
        torch::NoGradGuard no_grad;
        for (auto& parameter : copy->parameters()) parameter.zero_();
    }
    EXPECT_FALSE(copy->forward(tokens).equal(encoder->forward(tokens)));
    std::ostringstream out;
    out << encoder;
    EXPECT_THAT(out.str(), HasSubstr("embark::TextEncoder(n_tokens=20, embedding_size=5, hidden_size=4, width=16)"));
}

TEST(TextEncoder, says_what_is_wrong) {
    EXPECT_THAT(message_of<UsageError>([] { TextEncoder(TextEncoderOptions{.n_tokens = 1}); }),
                HasSubstr("Invalid n_tokens 1"));
    EXPECT_THAT(message_of<UsageError>([] { TextEncoder(TextEncoderOptions{.n_tokens = 9, .hidden_size = 0}); }),
                HasSubstr("hidden_size 0"));
    EXPECT_THAT(message_of<UsageError>([] { TextEncoder(TextEncoderOptions{.n_tokens = 9, .embed_p = 1}); }),
                HasSubstr("Invalid embed_p 1"));
    EXPECT_THAT(message_of<Error>([] { TextEncoder(small())->forward(torch::ones({3}, at::kLong)); }),
                HasSubstr("not a tensor of shape [3]"));
}

}  // namespace text_encoder_test
}  // namespace embark
