#include <embark/modules/checkpoint_sequential.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/detail/autocast_scope.h>
#include <embark/core/error.h>
#include <embark/core/tensors.h>

#include "test_files.h"

namespace embark {
namespace checkpoint_sequential_test {

using ::testing::HasSubstr;
using testing::message_of;

/// Passes its input on and counts how often.
struct CountedImpl : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) {
        ++calls;
        return x;
    }
    int calls = 0;
};
TORCH_MODULE(Counted);

/// Seven blocks, with what is random and what changes as it is used.
torch::nn::Sequential blocks() {
    set_seed(2);
    const torch::nn::Linear shared(4, 4);
    return torch::nn::Sequential(torch::nn::Linear(4, 4), torch::nn::Dropout(0.5), shared, torch::nn::BatchNorm1d(4),
                                 torch::nn::GELU(), shared, torch::nn::Linear(4, 2));
}

struct Step {
    at::Tensor output, input_gradient, random;
    Tensors gradients, buffers;
};

template <class Forward>
Step step_of(const torch::nn::Sequential& net, bool input_has_gradient, Forward forward) {
    set_seed(5);
    const auto x = torch::randn({6, 4}).requires_grad_(input_has_gradient);
    Step step;
    step.output = forward(net, x);
    step.output.square().sum().backward();
    step.random = torch::randn({3});
    step.input_gradient = x.grad();
    for (const auto& parameter : net->parameters()) step.gradients.push_back(parameter.grad());
    step.buffers = net->buffers();
    return step;
}

const auto kPlain = [](torch::nn::Sequential net, const at::Tensor& x) { return net->forward(x); };

TEST(CheckpointSequential, gives_the_same_outputs_gradients_buffers_and_random_numbers) {
    for (const bool input_has_gradient : {true, false}) {
        const Step expected = step_of(blocks(), input_has_gradient, kPlain);
        for (const int64_t segments : {1, 2, 3, 7}) {
            const Step found = step_of(blocks(), input_has_gradient, [&](const auto& net, const at::Tensor& x) {
                return checkpoint_sequential(net, segments, x);
            });
            EXPECT_TRUE(found.output.equal(expected.output)) << segments;
            EXPECT_TRUE(found.random.equal(expected.random)) << segments;
            EXPECT_EQ(found.input_gradient.defined(), input_has_gradient);
            EXPECT_TRUE(!input_has_gradient || found.input_gradient.allclose(expected.input_gradient)) << segments;
            for (size_t i = 0; i < expected.gradients.size(); ++i) {
                EXPECT_TRUE(found.gradients[i].allclose(expected.gradients[i], 1e-5, 1e-6)) << segments << ", " << i;
            }
            for (size_t i = 0; i < expected.buffers.size(); ++i) {
                EXPECT_TRUE(found.buffers[i].equal(expected.buffers[i])) << segments << ", " << i;
            }
        }
    }
}

TEST(CheckpointSequential, computes_all_parts_but_the_last_again_in_the_backward_pass_alone) {
    const Counted first, last;
    const torch::nn::Sequential net(torch::nn::Linear(4, 4), first, torch::nn::Linear(4, 4), last);
    const auto y = checkpoint_sequential(net, 2, torch::randn({3, 4}));
    EXPECT_EQ(first->calls, 1);
    y.sum().backward();
    EXPECT_EQ(first->calls, 2);
    EXPECT_EQ(last->calls, 1);
    const torch::NoGradGuard no_grad;
    EXPECT_TRUE(checkpoint_sequential(net, 2, torch::ones({3, 4})).equal(kPlain(net, torch::ones({3, 4}))));
}

TEST(CheckpointSequential, leaves_frozen_parameters_alone) {
    auto net = blocks();
    for (auto& parameter : net[0]->parameters()) parameter.requires_grad_(false);
    checkpoint_sequential(net, 3, torch::randn({6, 4})).sum().backward();
    EXPECT_FALSE(net[0]->parameters().front().grad().defined());
    EXPECT_TRUE(net[6]->parameters().front().grad().defined());
}

TEST(CheckpointSequential, is_the_same_in_mixed_precision) {
    const auto in_bf16 = [](auto forward) {
        return [forward](const torch::nn::Sequential& net, const at::Tensor& x) {
            const AutocastScope autocast(at::kCPU, true, at::kBFloat16);
            return forward(net, x).to(at::kFloat);
        };
    };
    const Step expected = step_of(blocks(), true, in_bf16(kPlain));
    const Step found = step_of(
        blocks(), true, in_bf16([](const auto& net, const at::Tensor& x) { return checkpoint_sequential(net, 3, x); }));
    EXPECT_TRUE(found.output.equal(expected.output));
    for (size_t i = 0; i < expected.gradients.size(); ++i) {
        EXPECT_TRUE(found.gradients[i].allclose(expected.gradients[i], 1e-2, 1e-2)) << i;
    }
}

TEST(CheckpointSequential, refuses_segments_that_cannot_be) {
    for (const int64_t segments : {0, -1, 8}) {
        EXPECT_THAT(message_of<UsageError>([&] {
                        checkpoint_sequential(blocks(), segments, torch::zeros({2, 4}));
                    }),
                    HasSubstr("of 7 blocks: it must be from 1"));
    }
    EXPECT_THROW(checkpoint_sequential(nullptr, 1, torch::zeros({2, 4})), UsageError);
}

}  // namespace checkpoint_sequential_test
}  // namespace embark
