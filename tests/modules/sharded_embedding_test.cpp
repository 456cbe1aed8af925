#include <embark/modules/sharded_embedding.h>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/tensors.h>
#include <embark/modules/dot_product.h>

#include "test_files.h"

namespace embark {
namespace sharded_embedding_test {

using testing::message_of;

// With several processes: tests/distributed/sharded_test.cpp.

TEST(ShardedEmbedding, is_an_ordinary_one_in_one_process) {
    set_seed(5);
    torch::nn::Embedding plain(100, 3);
    set_seed(5);
    ShardedEmbedding table(100, 3);
    EXPECT_TRUE(table->strategy()->decides_alone());
    EXPECT_EQ(table->rows().begin, 0);
    EXPECT_EQ(table->rows().end, 100);
    EXPECT_TRUE(table->weight.equal(plain->weight));

    const auto ids = torch::tensor({{7, 99}, {7, 0}});
    EXPECT_TRUE(table(ids).equal(plain(ids)));
    table(ids).square().sum().backward();
    plain(ids).square().sum().backward();
    EXPECT_TRUE(table->weight.grad().is_sparse());
    EXPECT_TRUE(table->weight.grad().to_dense().allclose(plain->weight.grad()));
}

TEST(ShardedEmbedding, serves_a_dot_product_with_the_values_and_names_of_ordinary_tables) {
    const DotProductOptions sizes{.n_users = 7, .n_items = 9, .n_factors = 4, .y_range = {0, 5.5}};
    const auto ids = torch::tensor({{0, 8}, {6, 3}});
    const auto compare = [&](auto plain_of, bool bias) {
        set_seed(5);
        auto plain = plain_of();
        set_seed(5);
        ShardedDotProduct sharded(sizes, bias);
        EXPECT_EQ(sharded->named_parameters().keys(), plain->named_parameters().keys());
        EXPECT_EQ(sharded_embeddings(*sharded).size(), plain->parameters().size());
        EXPECT_TRUE(sharded->forward(ids).equal(plain->forward(ids)));
    };
    compare([&] { return DotProductBias(sizes); }, true);
    compare([&] { return DotProduct(sizes); }, false);
}

TEST(ShardedEmbedding, refuses_sizes_below_one) {
    EXPECT_EQ(message_of<UsageError>([] { ShardedEmbedding(3, 0); }),
              "Invalid sizes (3, 0) of an embedding: at least 1 of each is needed");
}

}  // namespace sharded_embedding_test
}  // namespace embark
