#include <embark/modules/detail/tabular_pass.h>

#include <string>
#include <utility>
#include <vector>

#include <ATen/autocast_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/modules/collab_nn.h>
#include <embark/modules/tabular_model.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace tabular_pass_test {

using ::testing::HasSubstr;
using testing::largest_difference;
using testing::message_of;

const TabularModelOptions kSizes = {
    .embeddings = {{5, 3}, {70, 20}}, .n_cont = 3, .outputs = {{.size = 4, .classes = true}}, .layers = {33, 17}};

struct Rows {
    at::Tensor x_cat, x_cont;
};

Rows rows(int64_t n) {
    return {torch::cat({torch::randint(5, {n, 1}), torch::randint(70, {n, 1})}, 1), 3 * torch::randn({n, 3}) + 1};
}

bool in_one_node(TabularModel& model, const Rows& x) {
    return one_node_pass(*model, x.x_cat, x.x_cont).has_value();
}

TEST(TabularPass, trains_as_operation_by_operation_does_over_many_steps) {
    torch::manual_seed(3);
    TabularModel one(kSizes);
    auto other = std::dynamic_pointer_cast<TabularModelImpl>(one->clone());
    other->options.fused = false;
    torch::optim::SGD a(one->parameters(), 0.05), b(other->parameters(), 0.05);
    for (int step = 0; step < 30; ++step) {
        const auto x = rows(64);
        const auto y = torch::randint(4, {64});
        for (const auto& [model, optimizer] : {std::pair(one.ptr(), &a), std::pair(other, &b)}) {
            optimizer->zero_grad();
            torch::cross_entropy_loss(model->forward(x.x_cat, x.x_cont).front(), y).backward();
            optimizer->step();
        }
    }
    const auto expected = other->named_parameters();
    for (const auto& item : one->named_parameters()) {
        EXPECT_LE(largest_difference(item.value(), expected[item.key()]), 2e-6) << item.key();
    }
    // Also what eval mode uses.
    const auto buffers = other->named_buffers();
    ASSERT_EQ(buffers.size(), 9U);
    for (const auto& item : one->named_buffers()) {
        EXPECT_LE(largest_difference(item.value(), buffers[item.key()]), 2e-6) << item.key();
    }
}

TEST(TabularPass, is_for_what_it_computes_alone) {
    TabularModel model(kSizes);
    const auto x = rows(8);
    EXPECT_TRUE(in_one_node(model, x));
    EXPECT_TRUE(in_one_node(model, rows(1024)));
    EXPECT_FALSE(in_one_node(model, rows(1025)));
    EXPECT_FALSE(in_one_node(model, rows(1)));
    EXPECT_FALSE(in_one_node(model, {x.x_cat, x.x_cont.to(at::kDouble)}));
    EXPECT_FALSE(in_one_node(model, {x.x_cat, x.x_cont.clone().requires_grad_()}));
    {
        const torch::NoGradGuard no_grad;
        EXPECT_FALSE(in_one_node(model, x));
    }
    at::autocast::set_autocast_enabled(at::kCPU, true);
    EXPECT_FALSE(in_one_node(model, x));
    at::autocast::set_autocast_enabled(at::kCPU, false);
    model->eval();
    EXPECT_FALSE(in_one_node(model, x));
    model->train();
    model->bn_cont->eval();  // frozen
    EXPECT_FALSE(in_one_node(model, x));
    model->train();
    model->to(at::kDouble);
    EXPECT_FALSE(in_one_node(model, x));
    model->to(at::kFloat);
    EXPECT_TRUE(in_one_node(model, x));
    model->options.fused = false;
    EXPECT_FALSE(in_one_node(model, x));
}

TEST(TabularPass, leaves_other_networks_to_their_operations) {
    const auto suits = [](const auto& change) {
        auto options = kSizes;
        change(options);
        TabularModel model(options);
        return in_one_node(model, rows(8));
    };
    EXPECT_TRUE(suits([](auto& o) { o.use_bn = o.bn_cont = false; }));
    EXPECT_FALSE(suits([](auto& o) { o.ps = {0.1}; }));
    EXPECT_FALSE(suits([](auto& o) { o.embed_p = 0.1; }));
    EXPECT_FALSE(suits([](auto& o) { o.members = 2; }));
    EXPECT_FALSE(suits([](auto& o) { o.numbers.kind = NumberEmbeddingKind::periodic; }));
    EXPECT_FALSE(suits([](auto& o) { o.values.values = {{1, 2}, {}, {}}; }));

    TabularModel model(kSizes);
    model->embeds[1]->as<torch::nn::Embedding>()->options.sparse(true);
    EXPECT_FALSE(in_one_node(model, rows(8)));
    TabularModel synchronized(kSizes);
    synchronized->bn_cont->synchronize(std::make_shared<BatchNormSync>());
    EXPECT_FALSE(in_one_node(synchronized, rows(8)));
}

TEST(TabularPass, bad_codes_fail_as_they_do_without) {
    TabularModel model(kSizes);
    auto x = rows(8);
    x.x_cat[3][1] = 70;
    EXPECT_THAT(message_of<c10::Error>([&] { model(x.x_cat, x.x_cont); }), HasSubstr("index out of range"));
    x.x_cat[3][1] = -1;
    EXPECT_THROW(model(x.x_cat, x.x_cont), c10::Error);
}

TEST(TabularPass, a_single_row_is_normalised_by_the_running_statistics_which_stay) {
    TabularModel model(kSizes);
    for (int i = 0; i < 3; ++i) {
        const auto x = rows(8);
        model(x.x_cat, x.x_cont);
    }
    const auto x = rows(1);
    const at::Tensor before = model->bn_cont->running_mean.clone();
    const at::Tensor trained = model(x.x_cat, x.x_cont).front();
    EXPECT_TRUE(model->bn_cont->running_mean.equal(before));
    model->eval();
    EXPECT_TRUE(trained.allclose(model(x.x_cat, x.x_cont).front(), 1e-5, 1e-6));
}

TEST(TabularPass, gives_gradients_to_what_is_trained_alone) {
    TabularModel model(kSizes);
    model->embeds->parameters()[0].set_requires_grad(false);
    const auto x = rows(8);
    const auto output = model(x.x_cat, x.x_cont).front();
    EXPECT_THAT(output.grad_fn()->name(), HasSubstr("PassNode"));
    output.sum().backward();
    EXPECT_FALSE(model->embeds->parameters()[0].grad().defined());
    EXPECT_TRUE(model->embeds->parameters()[1].grad().defined());
    EXPECT_TRUE(model->layers->parameters().back().grad().defined());
}

TEST(TabularPass, refuses_weights_that_changed_before_backward_and_second_derivatives) {
    TabularModel model(kSizes);
    const auto x = rows(8);
    const auto loss = model(x.x_cat, x.x_cont).front().sum();
    {
        const torch::NoGradGuard no_grad;
        model->layers->parameters()[0].add_(1);
    }
    EXPECT_THAT(message_of<c10::Error>([&] { loss.backward(); }), HasSubstr("modified by an inplace operation"));
    EXPECT_THAT(message_of<std::exception>([&] {
                    torch::autograd::grad({model(x.x_cat, x.x_cont).front().sum()}, model->parameters(), {},
                                          /*retain_graph=*/true, /*create_graph=*/true);
                }),
                HasSubstr("fused = false"));
}

TEST(TabularPass, serves_networks_of_ratings_too) {
    EmbeddingNN model(TabularModelOptions{.embeddings = {{5, 3}, {70, 20}}, .layers = {8}, .y_range = {0, 5}});
    const auto output = model(rows(8).x_cat);
    output.sum().backward();
    EXPECT_LE(output.max().item<double>(), 5);
    for (const auto& item : model->named_parameters()) EXPECT_TRUE(item.value().grad().defined()) << item.key();
}

}  // namespace tabular_pass_test
}  // namespace embark
