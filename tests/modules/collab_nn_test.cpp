#include <embark/modules/collab_nn.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "test_files.h"

namespace embark {
namespace collab_nn_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

std::vector<std::string> parameter_names(const torch::nn::Module& module) {
    std::vector<std::string> names;
    for (const auto& item : module.named_parameters()) names.push_back(item.key());
    return names;
}

TabularModelOptions users_and_items() {
    return {.embeddings = {{6, 3}, {8, 4}}, .layers = {5}, .y_range = {0, 5.5}};
}

at::Tensor pairs(int64_t rows) {
    return torch::stack({torch::randint(6, {rows}, at::kLong), torch::randint(8, {rows}, at::kLong)}, 1);
}

TEST(EmbeddingNN, is_a_tabular_model_of_categories_alone) {
    EmbeddingNN model(users_and_items());
    TabularModel tabular(users_and_items());
    EXPECT_EQ(parameter_names(*model), parameter_names(*tabular));
    {
        torch::NoGradGuard no_grad;
        for (auto& item : tabular->named_parameters()) item.value().copy_(model->named_parameters()[item.key()]);
    }
    const auto x = pairs(9);
    EXPECT_TRUE(model(x).equal(tabular(x, torch::zeros({9, 0}))[0]));
    model->eval();
    tabular->eval();
    EXPECT_TRUE(model(x).equal(tabular(x, at::Tensor())[0]));
    EXPECT_EQ(model(x).sizes(), at::IntArrayRef({9, 1}));
}

TEST(EmbeddingNN, takes_further_columns) {
    EmbeddingNN model(TabularModelOptions{.embeddings = {{6, 3}, {8, 4}, {3, 2}}, .layers = {5}});
    EXPECT_EQ(model(torch::ones({4, 3}, at::kLong)).sizes(), at::IntArrayRef({4, 1}));
    EXPECT_THAT(message_of<Error>([&] { model(pairs(4)); }), HasSubstr("(n, 3)"));
}

TEST(EmbeddingNN, can_be_cloned) {
    EmbeddingNN model(users_and_items());
    model->eval();
    const auto copy = std::dynamic_pointer_cast<EmbeddingNNImpl>(model->clone());
    ASSERT_TRUE(copy);
    const auto x = pairs(7);
    EXPECT_TRUE(copy->forward(x).equal(model(x)));
    {
        torch::NoGradGuard no_grad;
        for (auto& parameter : copy->parameters()) parameter.zero_();
    }
    EXPECT_FALSE(copy->forward(x).equal(model(x)));  // the copy has layers of its own
}

TEST(EmbeddingNN, refuses_what_it_cannot_be) {
    const auto message = [](auto change) {
        auto options = users_and_items();
        change(options);
        return message_of<UsageError>([&] { EmbeddingNN{options}; });
    };
    EXPECT_THAT(message([](auto& o) { o.n_cont = 1; }), HasSubstr("n_cont is 1"));
    EXPECT_THAT(message([](auto& o) { o.members = 2; }), HasSubstr("one member, not 2"));
    EXPECT_THAT(message([](auto& o) { o.outputs[0].size = 2; }), HasSubstr("one output of one number"));
    EXPECT_THAT(message([](auto& o) { o.layers = {-3}; }), HasSubstr("size of a layer -3"));
}

TEST(CollabNN, brings_embeddings_of_the_rules_widths_through_two_layers) {
    CollabNN model(CollabNNOptions{.n_users = 944, .n_items = 1665});
    EXPECT_THAT(parameter_names(*model), ElementsAre("user_factors.weight", "item_factors.weight", "layers.0.weight",
                                                     "layers.0.bias", "layers.2.weight", "layers.2.bias"));
    EXPECT_EQ(model->user_factors->weight.sizes(), at::IntArrayRef({944, 74}));
    EXPECT_EQ(model->item_factors->weight.sizes(), at::IntArrayRef({1665, 102}));
    EXPECT_LT(model->item_factors->weight.abs().max().item<double>(), 0.02);

    const auto x = torch::tensor({{3, 7}, {943, 1664}});
    const auto p = model->named_parameters();
    const auto input = torch::cat({p["user_factors.weight"].index_select(0, x.select(1, 0)),
                                   p["item_factors.weight"].index_select(0, x.select(1, 1))},
                                  1);
    const auto hidden = (input.mm(p["layers.0.weight"].t()) + p["layers.0.bias"]).clamp_min(0);
    const auto expected = 5.5 * (hidden.mm(p["layers.2.weight"].t()) + p["layers.2.bias"]).sigmoid();
    EXPECT_TRUE(torch::allclose(model(x), expected, 1e-6, 1e-6));
}

TEST(CollabNN, its_sizes_can_be_chosen_and_copied) {
    CollabNN model(
        CollabNNOptions{.n_users = 6, .n_items = 8, .user_width = 2, .item_width = 3, .n_act = 4, .y_range = {}});
    EXPECT_EQ(model->layers->named_parameters()["0.weight"].sizes(), at::IntArrayRef({4, 5}));
    const auto copy = std::dynamic_pointer_cast<CollabNNImpl>(model->clone());
    const auto x = pairs(7);
    EXPECT_TRUE(copy->forward(x).equal(model(x)));
    std::ostringstream out;
    out << model;
    EXPECT_TRUE(out.str().starts_with("embark::CollabNN(n_users=6, n_items=8, user_width=2, item_width=3, n_act=4)"));
}

TEST(CollabNN, refuses_sizes_that_can_never_be_right) {
    EXPECT_THROW(CollabNN(CollabNNOptions{.n_users = 0, .n_items = 3}), UsageError);
    EXPECT_THROW(CollabNN(CollabNNOptions{.n_users = 3, .n_items = 3, .user_width = -1}), UsageError);
    EXPECT_THROW(CollabNN(CollabNNOptions{.n_users = 3, .n_items = 3, .n_act = 0}), UsageError);
    EXPECT_THROW(CollabNN(CollabNNOptions{.n_users = 3, .n_items = 3, .y_range = {5, 1}}), UsageError);
}

}  // namespace collab_nn_test
}  // namespace embark
