#include <embark/data/collab/rating_blocks.h>

#include <set>

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/data/collab/collab.h>

#include "test_files.h"

namespace embark {
namespace rating_blocks_test {

using embark::testing::message_of;
using ::testing::HasSubstr;

constexpr int64_t kUsers = 5000, kItems = 3000, kRatings = 60'000;

at::Tensor random_pairs() {
    torch::manual_seed(1);
    return at::stack({at::randint(kUsers, {kRatings}, at::kLong), at::randint(kItems, {kRatings}, at::kLong)}, 1);
}

bool has_each_once(const at::Tensor& rows, int64_t n) {
    return std::get<0>(rows.sort()).equal(at::arange(n));
}

int64_t n_distinct(const at::Tensor& values) {
    return std::get<0>(at::_unique(values.contiguous())).numel();
}

TEST(RatingBlocks, an_epoch_has_every_rating_once_and_stays_within_some_thousand_users_and_items) {
    const at::Tensor pairs = random_pairs();
    const RatingBlocks blocks = rating_blocks(pairs, 3);
    ASSERT_TRUE(has_each_once(blocks.rows, kRatings));
    const at::Tensor kept = pairs.index_select(0, blocks.rows);
    std::set<int64_t> first_rows;
    for (const uint64_t seed : {1, 2, 3}) {
        const at::Tensor order = blocks.sampler({.rows = kRatings, .batch_size = 64, .seed = seed});
        ASSERT_TRUE(has_each_once(order, kRatings));
        EXPECT_TRUE(order.equal(blocks.sampler({.rows = kRatings, .batch_size = 64, .seed = seed})));
        first_rows.insert(order[0].item<int64_t>());
        // Five parts of the users and three of the items: 15 blocks of some 4,000 ratings, whose ends 14 ranges cross.
        const at::Tensor trained = kept.index_select(0, order);
        int64_t within = 0;
        for (int64_t begin = 0; begin < kRatings; begin += 1000) {
            const at::Tensor range = trained.narrow(0, begin, 1000);
            const at::Tensor rows = order.narrow(0, begin, 1000);
            EXPECT_FALSE(rows.equal(std::get<0>(rows.sort()))) << "in an order of their own";
            within += (rows.max() - rows.min()).item<int64_t>() < 4'400;
            EXPECT_GT(n_distinct(range.select(1, 0)), 500);
        }
        EXPECT_GE(within, 46);
    }
    EXPECT_GT(first_rows.size(), 1u);

    // As many of all ratings have 2,256 users; a block has up to 1,024, in runs of 64 neighbours.
    const at::Tensor order = blocks.sampler({.rows = kRatings, .batch_size = 64, .seed = 1});
    const at::Tensor users = kept.index_select(0, order.narrow(0, 0, 3000)).select(1, 0);
    EXPECT_LE(n_distinct(users), 1024);
    EXPECT_LE(n_distinct(users.div(64, "floor")), 16);
}

TEST(RatingBlocks, rows_that_were_taken_again_are_in_the_blocks_of_their_ratings) {
    const RatingBlocks blocks = rating_blocks(random_pairs(), 3);
    const at::Tensor numbers = at::randint(kRatings, {kRatings}, at::kLong);
    const at::Tensor order = blocks.sampler({.rows = kRatings, .batch_size = 64, .seed = 5, .numbers = numbers});
    ASSERT_TRUE(has_each_once(order, kRatings));
    const at::Tensor early = numbers.index_select(0, order.narrow(0, 0, 1000));
    EXPECT_LT((early.max() - early.min()).item<int64_t>(), 4'400);
}

TEST(RatingBlocks, loaders_keep_the_ratings_in_that_order) {
    const at::Tensor pairs = random_pairs();
    const Table table = Table::of_rows(kRatings)
                            .with_column("user", pairs.select(1, 0))
                            .with_column("item", pairs.select(1, 1))
                            .with_column("rating", at::arange(kRatings).to(at::kDouble));
    const auto dls = CollabDataLoaders::from_table(table, {.batch_size = 500, .blocks = true});
    const auto plain = CollabDataLoaders::from_table(table, {.batch_size = 500});
    Tensors seen;
    for (const Batch& batch : dls.train().epoch(0)) seen.push_back(batch.targets[0].flatten());
    const auto sorted = [](const at::Tensor& values) { return std::get<0>(values.flatten().sort()); };
    EXPECT_TRUE(sorted(at::cat(seen)).equal(sorted(plain.train().data().targets[0])));
    EXPECT_EQ(dls.train().rows(), plain.train().rows());
    EXPECT_TRUE(dls.collab().rated().items.equal(plain.collab().rated().items));
    EXPECT_TRUE(dls.valid().data().targets[0].equal(plain.valid().data().targets[0]));
    EXPECT_NO_THROW(dls.resampled(3).train().epoch(0));

    EXPECT_THAT(message_of<UsageError>([&] { CollabDataLoaders::from_table(table, {.shuffle = false, .blocks = true}); }),
                HasSubstr("with shuffle"));
    EXPECT_THAT(message_of<UsageError>([&] {
                    CollabDataLoaders::from_table(table, {.sampler = sequential_sampler(), .blocks = true});
                }),
                HasSubstr("without a sampler"));
    EXPECT_THROW(CollabDataLoaders::from_parquet("none.parquet", {.blocks = true}), UsageError);
    EXPECT_THROW(rating_blocks(at::zeros({0, 2}, at::kLong)), Error);
    EXPECT_THROW(rating_blocks(at::full({3, 2}, -1, at::kLong)), Error);
    EXPECT_TRUE(has_each_once(rating_blocks(at::zeros({7, 2}, at::kLong)).rows, 7));
}

}  // namespace rating_blocks_test
}  // namespace embark
