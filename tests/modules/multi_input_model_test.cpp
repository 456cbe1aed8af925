#include <embark/modules/multi_input_model.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/modules/image_encoder.h>
#include <embark/modules/text_encoder.h>

#include "test_files.h"

namespace embark {
namespace multi_input_model_test {

namespace nn = torch::nn;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

/// A module of two inputs, without a width().
struct SumImpl : nn::Cloneable<SumImpl> {
    SumImpl() { reset(); }
    void reset() override { scale = register_parameter("scale", torch::ones({1})); }
    at::Tensor forward(const at::Tensor& a, const at::Tensor& b) { return (a + b) * scale; }
    at::Tensor scale;
};
TORCH_MODULE(Sum);

MultiInputModel three_branches() {
    return MultiInputModel(
        {{"text", TextEncoder(TextEncoderOptions{.n_tokens = 9, .embedding_size = 3, .hidden_size = 2}), {0}},
         {"image", ImageEncoder(ImageEncoderOptions{.channels = 1, .layers = {4}}), {1}},
         {"sum", Sum(), {3, 2}, 5}},
        {.n_out = 2, .layers = {7}});
}

Tensors batch(int64_t rows) {
    return {torch::randint(9, {rows, 6}, at::kLong), torch::randn({rows, 1, 8, 8}), torch::randn({rows, 5}),
            torch::randn({rows, 1})};
}

TEST(MultiInputModel, gives_each_branch_its_inputs_and_the_head_all_answers) {
    MultiInputModel model = three_branches();
    EXPECT_EQ(model->forward(batch(4)).sizes(), at::IntArrayRef({4, 2}));
    std::vector<std::string> children;
    for (const auto& item : model->named_children()) children.push_back(item.key());
    EXPECT_THAT(children, ElementsAre("text", "image", "sum", "head"));
    EXPECT_EQ(model->named_parameters()["head.0.0.weight"].sizes(), at::IntArrayRef({7, 8 + 4 + 5}));
}

TEST(MultiInputModel, trains_every_branch) {
    MultiInputModel model = three_branches();
    model->forward(batch(8)).square().sum().backward();
    for (const auto& item : model->named_parameters()) {
        EXPECT_GT(item.value().grad().abs().sum().item<double>(), 0) << item.key();
    }
}

TEST(MultiInputModel, passes_the_answers_on_as_they_are) {
    MultiInputModel model({{"a", Sum(), {0, 1}, 2}, {"b", Sum(), {1, 1}, 2}}, {.n_out = 1, .layers = {}});
    torch::NoGradGuard no_grad;
    model->named_parameters()["head.0.0.weight"].copy_(torch::tensor({{1.f, 10.f, 100.f, 1000.f}}));
    model->named_parameters()["head.0.0.bias"].zero_();
    const auto output = model->forward({torch::tensor({{1.f, 2.f}}), torch::tensor({{3.f, 4.f}})});
    EXPECT_EQ(output.item<float>(), 4 + 60 + 600 + 8000);
}

TEST(MultiInputModel, brings_outputs_into_a_range) {
    MultiInputModel model({{"sum", Sum(), {0, 0}, 2}}, {.layers = {}, .y_range = {1, 5}});
    const auto output = model->forward({torch::randn({100, 2}) * 1000});
    EXPECT_GE(output.min().item<float>(), 1);
    EXPECT_LE(output.max().item<float>(), 5);
}

TEST(MultiInputModel, can_be_cloned) {
    MultiInputModel model = three_branches();
    const auto copy = std::dynamic_pointer_cast<MultiInputModelImpl>(model->clone());
    ASSERT_TRUE(copy);
    model->eval(), copy->eval();
    const auto inputs = batch(3);
    const auto expected = model->forward(inputs);
    EXPECT_TRUE(copy->forward(inputs).equal(expected));
    {
        torch::NoGradGuard no_grad;
        for (auto& parameter : copy->parameters()) parameter.fill_(0.1);
    }
    EXPECT_FALSE(copy->forward(inputs).equal(expected));
    EXPECT_TRUE(model->forward(inputs).equal(expected));
}

TEST(MultiInputModel, refuses_branches_that_can_never_be_right) {
    const auto message = [](std::vector<Branch> branches) {
        return message_of<UsageError>([&] { MultiInputModel model(branches); });
    };
    EXPECT_THAT(message({}), HasSubstr("needs a branch"));
    EXPECT_THAT(message({{"a", Sum(), {0}, 1}, {"a", Sum(), {0}, 1}}), HasSubstr("two submodules 'a'"));
    EXPECT_THAT(message({{"head", Sum(), {0}, 1}}), HasSubstr("two submodules 'head'"));
    EXPECT_THAT(message({{"a.b", Sum(), {0}, 1}}), HasSubstr("Invalid name of a branch 'a.b'"));
    EXPECT_THAT(message({{"a", Sum(), {}, 1}}), HasSubstr("Branch 'a' needs the numbers of the inputs"));
    EXPECT_THAT(message({{"a", Sum(), {-1}, 1}}), HasSubstr("counted from 0"));
    EXPECT_THAT(message({{"a", Sum(), {0, 1}}}), HasSubstr("Branch 'a' needs its width"));
    EXPECT_THAT(message_of<UsageError>([] {
                    MultiInputModel model({{"a", Sum(), {0, 1}, 1}}, {.ps = 1});
                }),
                HasSubstr("Invalid ps 1"));
    EXPECT_THAT(message_of<UsageError>([] {
                    MultiInputModel model({{"a", Sum(), {0, 1}, 1}}, {.n_out = 0});
                }),
                HasSubstr("at least 1"));
}

TEST(MultiInputModel, names_the_branch_that_does_not_fit_the_batch) {
    MultiInputModel model({{"sum", Sum(), {0, 2}, 4}});
    EXPECT_EQ(message_of<Error>([&] {
                  model->forward({torch::ones({2, 4}), torch::ones({2, 4})});
              }),
              "Branch 'sum' takes input 2, counted from 0, but the batch has 2");
    EXPECT_EQ(message_of<Error>([&] {
                  model->forward(Tensors(3, torch::ones({2, 3})));
              }),
              "Branch 'sum' gives a tensor of shape [2, 3], where (n, 4) is needed");
}

}  // namespace multi_input_model_test
}  // namespace embark
