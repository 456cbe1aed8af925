#include <embark/core/error.h>
#include <embark/data/collab/collab.h>
#include <embark/data/loaders/dataloaders.h>
#include <embark/data/tabular/tabular.h>

#include <sstream>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace dataloaders_test {

using embark::testing::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TensorDataset numbered(int64_t rows) {
    return {.inputs = {at::arange(rows, at::kFloat)}, .targets = {at::arange(rows, at::kFloat).unsqueeze(1) * 2}};
}

TEST(DataLoaders, from_tensors_splits_at_random) {
    const auto dls = DataLoaders::from_tensors(numbered(10), {.batch_size = 2, .valid_pct = 0.2, .seed = 42});
    EXPECT_TRUE(at::equal(dls.valid().data().inputs[0], at::tensor({2.f, 6.f})));
    EXPECT_TRUE(at::equal(dls.valid().data().targets[0], at::tensor({4.f, 12.f}).unsqueeze(1)));
    EXPECT_EQ(dls.train().rows(), 8);
    EXPECT_EQ(dls.train().size(), 4);
    EXPECT_TRUE(dls.classes().empty());
    EXPECT_EQ(dls.preprocessing(), nullptr);
}

TEST(DataLoaders, validation_keeps_every_row_in_order_in_larger_batches) {
    const auto dls = DataLoaders::from_tensors(numbered(50), numbered(45), {.batch_size = 4});
    EXPECT_EQ(dls.valid().options().batch_size, 40);
    EXPECT_EQ(dls.valid().size(), 2);
    EXPECT_TRUE(at::equal(dls.valid().one_batch().inputs[0], at::arange(40, at::kFloat)));
    EXPECT_EQ(dls.train().size(), 12);
    EXPECT_TRUE(dls.train().options().shuffle);
    const auto chosen = DataLoaders::from_tensors(numbered(50), numbered(45), {.batch_size = 4, .valid_batch_size = 7});
    EXPECT_EQ(chosen.valid().options().batch_size, 7);
}

TEST(DataLoaders, copies_are_the_same_loaders) {
    const auto dls = DataLoaders::from_tensors(numbered(10));
    const DataLoaders copy = dls;  // NOLINT(performance-unnecessary-copy-initialization)
    EXPECT_EQ(&copy.train(), &dls.train());
}

TEST(DataLoaders, resampled_are_training_rows_drawn_with_replacement) {
    const auto dls = DataLoaders::from_tensors(numbered(1000), numbered(5), {.batch_size = 4, .seed = 3});
    const auto drawn = dls.resampled(7);
    const at::Tensor rows = drawn.train().data().inputs[0];
    EXPECT_EQ(rows.size(0), 1000);
    // 1 − 1/e of the rows are among them, some more than once.
    EXPECT_NEAR(static_cast<double>(std::get<0>(at::_unique(rows)).size(0)), 632, 40);
    EXPECT_TRUE(at::equal(drawn.train().data().targets[0].reshape(-1), rows * 2));
    EXPECT_TRUE(at::equal(dls.resampled(7).train().data().inputs[0], rows));
    EXPECT_FALSE(at::equal(dls.resampled(8).train().data().inputs[0], rows));
    EXPECT_EQ(drawn.train().options().batch_size, 4);
    EXPECT_EQ(drawn.train().options().seed, 3U);
    EXPECT_TRUE(drawn.train().options().shuffle);
    EXPECT_TRUE(drawn.valid().data().inputs[0].is_same(dls.valid().data().inputs[0]));
    EXPECT_FALSE(DataLoaders(DataLoader(numbered(3)), std::nullopt).resampled(1).has_valid());
}

TEST(DataLoaders, resampled_are_of_the_same_kind_with_the_same_preprocessing) {
    const Table ratings = Table::from_text(
        {{"user", {"a", "a", "b", "b"}}, {"item", {"x", "y", "x", "y"}}, {"rating", {"1", "2", "3", "4"}}});
    const auto collab = CollabDataLoaders::from_tables(ratings, ratings);
    const CollabDataLoaders rated = collab.resampled(1);
    EXPECT_EQ(rated.preprocessing(), collab.preprocessing());
    EXPECT_EQ(rated.train().rows(), 4);
    const auto tabular = TabularDataLoaders::from_tables(
        ratings, ratings, {.y_names = {"rating"}, .cat_names = {"user", "item"}, .y_values = {"rating"}});
    const TabularDataLoaders rows = tabular.resampled(1);
    EXPECT_EQ(&rows.tabular(), &tabular.tabular());
    EXPECT_EQ(rows.tabular_options().y_names, tabular.tabular_options().y_names);
    EXPECT_FALSE(at::equal(rows.train().data().inputs[0], tabular.train().data().inputs[0]));
}

TEST(DataLoaders, without_a_validation_part) {
    const DataLoaders dls(DataLoader(numbered(3)), std::nullopt);
    EXPECT_FALSE(dls.has_valid());
    EXPECT_THAT(message_of<Error>([&] { dls.valid(); }), HasSubstr("no validation part"));
}

TEST(DataLoaders, refuses_wrong_settings) {
    EXPECT_THAT(message_of<UsageError>([] { DataLoaders::from_tensors(numbered(9), {.batch_size = 0}); }),
                HasSubstr("Invalid batch size: 0"));
    EXPECT_THAT(message_of<UsageError>([] { DataLoaders::from_tensors(numbered(9), {.valid_batch_size = -1}); }),
                HasSubstr("Invalid valid_batch_size: -1"));
    EXPECT_THAT(message_of<UsageError>([] { DataLoaders::from_tensors(numbered(9), {.valid_pct = 1}); }),
                HasSubstr("Invalid valid_pct: 1"));
    EXPECT_THAT(message_of<Error>([] { DataLoaders::from_tensors(TensorDataset{}); }), HasSubstr("at least one input"));
}

TEST(DataLoaders, decode_tensors_that_nothing_is_known_about) {
    const TensorDataset data = {.inputs = {at::tensor({1.5f, 2.f}), at::tensor({1, 2, 3, 4}, at::kLong).view({2, 2})},
                                .targets = {at::tensor({0.f, 1.f}).unsqueeze(1)}};
    const DataLoaders dls(DataLoader(data), std::nullopt);
    const Table decoded = dls.decoded_batch(1);
    EXPECT_THAT(decoded.names(), ElementsAre("input_0", "input_1[0]", "input_1[1]", "target_0"));
    EXPECT_EQ(decoded.rows(), 1);
    EXPECT_THAT(dls.decoded_batch().text("input_1[1]"), ElementsAre("2", "4"));
    EXPECT_EQ(dls.decoded_batch(0).rows(), 0);
    EXPECT_THAT(message_of<UsageError>([&] { dls.decoded_batch(-1); }), HasSubstr("-1"));
}

TEST(DataLoaders, decode_shows_no_more_than_the_first_values_of_wide_rows) {
    const DataLoaders dls(DataLoader({.inputs = {at::zeros({3, 4, 100})}, .targets = {}}), std::nullopt);
    EXPECT_EQ(dls.decoded_batch().columns(), 8);
    EXPECT_EQ(dls.decoded_batch().names().back(), "input_0[7]");
}

TEST(DataLoaders, show_batch_prints_rows_under_their_names) {
    const TensorDataset data = {.inputs = {at::tensor({1.5f, 20.f})}, .targets = {at::tensor({0.f, 1.f})}};
    std::ostringstream out;
    DataLoaders(DataLoader(data), std::nullopt).show_batch(out);
    EXPECT_EQ(out.str(),
              "   input_0  target_0\n"
              "0      1.5         0\n"
              "1       20         1\n");
}

}  // namespace dataloaders_test
}  // namespace embark
