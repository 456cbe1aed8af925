#include <embark/modules/value_embedding.h>

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "test_files.h"

namespace embark {
namespace value_embedding_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

TEST(ValueEmbedder, gives_the_embedding_of_the_nearest_value) {
    const ValueEmbeddingOptions options = {.values = {{0, 1, 5}, {}, {-2, 2}}, .width = 2};
    ValueEmbedder model(options);
    EXPECT_EQ(model->n_out(), 4);
    EXPECT_EQ(model->embeddings->weight.sizes(), at::IntArrayRef({5, 2}));
    const auto x = torch::tensor({{0.0F, 9.0F, -2.0F},
                                  {1.0F, 9.0F, 2.0F},
                                  {5.0F, 9.0F, 0.1F},
                                  {-70.0F, 9.0F, -0.1F},
                                  {2.9F, 9.0F, 80.0F},
                                  {3.1F, 9.0F, 0.0F}});
    const auto rows = torch::tensor({{0, 3}, {1, 4}, {2, 4}, {0, 3}, {1, 4}, {2, 3}});
    EXPECT_TRUE(model(x).equal(model->embeddings->weight.index_select(0, rows.flatten()).reshape({6, 4})));
}

TEST(ValueEmbedder, is_trained_by_the_rows_that_have_the_value) {
    ValueEmbedder model(ValueEmbeddingOptions{.values = {{0, 1, 2}}, .width = 3});
    model(torch::tensor({{1.0F}, {1.0F}})).sum().backward();
    EXPECT_TRUE(model->embeddings->weight.grad().equal(
        torch::tensor({{0.0F, 0.0F, 0.0F}, {2.0F, 2.0F, 2.0F}, {0.0F, 0.0F, 0.0F}})));
}

TEST(ValueEmbedder, can_be_cloned_and_takes_no_rows) {
    ValueEmbedder model(ValueEmbeddingOptions{.values = {{0, 1}, {0, 1, 2}}});
    const auto copy = std::dynamic_pointer_cast<ValueEmbedderImpl>(model->clone());
    const auto x = torch::randn({7, 2});
    EXPECT_TRUE(copy->forward(x).equal(model(x)));
    EXPECT_EQ(model(torch::zeros({0, 2})).sizes(), at::IntArrayRef({0, 32}));
    std::ostringstream out;
    out << *model;
    EXPECT_THAT(out.str(), HasSubstr("embark::ValueEmbedder(numbers=2, values=5, width=16)"));
}

TEST(FewValues, are_the_distinct_ones_of_columns_that_have_not_more) {
    const auto x = torch::tensor({{2.0, 7.0, 1.0}, {1.0, 7.0, 2.0}, {2.0, 7.0, 3.0}, {0.5, 7.0, 4.0}});
    EXPECT_THAT(few_values(x, 3), ElementsAre(ElementsAre(0.5, 1, 2), ElementsAre(), ElementsAre()));
    EXPECT_THAT(few_values(x, 4).at(2), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(message_of<Error>([] { few_values(torch::zeros({0, 2}), 3); }), HasSubstr("not [0, 2]"));
}

TEST(ValueEmbedder, refuses_settings_that_can_never_be_right) {
    const auto message = [](const ValueEmbeddingOptions& options) {
        return message_of<UsageError>([&] { ValueEmbedder model(options); });
    };
    EXPECT_THAT(message({.values = {{0, 1}}, .width = 0}), HasSubstr("width of the values' embeddings 0"));
    EXPECT_THAT(message({.values = {{}, {1, 0}}}), HasSubstr("values of number 1"));
    EXPECT_THAT(message({.values = {{1, 1 + 1e-12}}}), HasSubstr("values of number 0"));
    EXPECT_THAT(message({.values = {{0, std::numeric_limits<double>::infinity()}}}), HasSubstr("finite"));
    EXPECT_THAT(message({.values = {{}, {}}}), HasSubstr("at least one number"));
}

}  // namespace value_embedding_test
}  // namespace embark
