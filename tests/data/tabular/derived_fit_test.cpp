#include <embark/data/tabular/tabular.h>

#include <cmath>
#include <functional>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>
#include <embark/data/loaders/column_splitters.h>
#include <embark/data/loaders/splitters.h>

#include "test_files.h"

namespace embark {
namespace derived_fit_test {

using embark::testing::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Places on a line with prices and kinds; x is missing in the last row.
Table places() {
    return Table::from_text({{"x", {"0", "1", "3", "7", "12", "20", ""}},
                             {"y", {"5", "4", "3", "2", "1", "0", "2"}},
                             {"kind", {"a", "b", "a", "b", "a", "b", "a"}},
                             {"price", {"1.5", "2.5", "4.5", "8.5", "16.5", "32.5", "64.5"}}});
}

TabularOptions options(std::vector<std::string> targets = {"price"}) {
    return {.y_names = std::move(targets),
            .cont_names = {"x", "y"},
            .missing_flags = false,
            .scaling = Scaling::none,
            .splitter = slice_splitter(5, 7),
            .batch_size = 2,
            .shuffle = false};
}

std::vector<float> column(const DataLoader& rows, int64_t i) {
    const at::Tensor values = rows.data().inputs.at(1).select(1, i).contiguous();
    return {values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel()};
}

TEST(DerivedNumbers, of_training_rows_leave_the_row_itself_out_and_of_others_do_not) {
    TabularOptions wanted = options();
    wanted.neighbours = NeighbourOptions{.columns = {"x"}, .counts = {1}};
    const auto dls = TabularDataLoaders::from_table(places(), wanted);
    EXPECT_EQ(dls.numbers().back().name, "price_nearest_1");
    EXPECT_THAT(column(dls.train(), 2), ElementsAre(2.5, 1.5, 2.5, 4.5, 8.5));
    // 20 is nearest to 12; a missing x is filled by the median, 3.
    EXPECT_THAT(column(dls.valid(), 2), ElementsAre(16.5, 4.5));
    EXPECT_EQ(at::equal(dls.tabular().encode(places())[1].select(1, 2).narrow(0, 0, 5),
                        at::tensor({1.5, 2.5, 4.5, 8.5, 16.5}, at::kFloat)),
              true)
        << "a row that is asked for later finds itself among the training rows";
}

TEST(DerivedNumbers, of_validation_rows_in_a_table_of_their_own_are_the_same) {
    TabularOptions wanted = options();
    wanted.neighbours = NeighbourOptions{};
    wanted.neighbours->counts = {1, 2};
    wanted.rotated = {{"x", "y"}};
    const auto split = TabularDataLoaders::from_table(places(), wanted);
    wanted.splitter = {};
    const auto apart =
        TabularDataLoaders::from_tables(places().take(at::arange(5)), places().take(at::arange(5, 7)), wanted);
    EXPECT_TRUE(at::equal(split.train().data().inputs[1], apart.train().data().inputs[1]));
    EXPECT_TRUE(at::equal(split.valid().data().inputs[1], apart.valid().data().inputs[1]));
    EXPECT_THAT(column(split.train(), 2), ElementsAre(5, 5, 6, 9, 13));
    EXPECT_THAT(column(split.train(), 3), ElementsAre(-5, -3, 0, 5, 11));
}

TEST(DerivedNumbers, of_classes_are_their_shares_and_of_logarithms_means_of_logarithms) {
    TabularOptions wanted = options({"kind", "price"});
    wanted.y_log = {"price"};
    wanted.neighbours = NeighbourOptions{.columns = {"x"}, .counts = {2}};
    const auto dls = TabularDataLoaders::from_table(places(), wanted);
    EXPECT_THAT(column(dls.train(), 2), ElementsAre(0.5, 1, 0.5, 1, 0.5)) << "of a";
    EXPECT_THAT(column(dls.train(), 3), ElementsAre(0.5, 0, 0.5, 0, 0.5)) << "of b";
    EXPECT_NEAR(column(dls.train(), 4)[0], (std::log(2.5) + std::log(4.5)) / 2, 1e-6);
}

TEST(DerivedNumbers, that_cannot_be_made_are_errors_in_one_sentence) {
    const auto message = [](const std::function<void(TabularOptions&)>& change) {
        TabularOptions wanted = options();
        change(wanted);
        return message_of<Error>([&] { TabularDataLoaders::from_table(places(), wanted); });
    };
    EXPECT_THAT(message([](auto& o) { o.rotated = {{"x", "z"}}; }), HasSubstr("'z', which is not a column of numbers"));
    EXPECT_THAT(message([](auto& o) { o.rotated = {{"x", "y"}, {"x", "y"}}; }), HasSubstr("'x + y'"));
    EXPECT_THAT(message([](auto& o) { o.rotated = {{"x", "x"}}; }), HasSubstr("'x' cannot be rotated with itself"));
    EXPECT_THAT(message([](auto& o) { o.neighbours = NeighbourOptions{.columns = {"kind"}, .counts = {1}}; }),
                HasSubstr("'kind', which is not a column of numbers"));
    EXPECT_THAT(message([](auto& o) { o.neighbours = NeighbourOptions{.columns = {"price"}, .counts = {1}}; }),
                HasSubstr("'price'"));
    EXPECT_THAT(message([](auto& o) {
                    o.neighbours = NeighbourOptions{.columns = {"x", "x"}, .counts = {1}};
                }),
                HasSubstr("name one twice"));
    EXPECT_THAT(message([](auto& o) { o.neighbours = NeighbourOptions{.counts = {5}}; }),
                HasSubstr("The 5 nearest training rows are asked for, and a row has 4 others"));
    for (const std::vector<int64_t>& counts : {std::vector<int64_t>{}, {0}, {2, 2}, {-1}}) {
        EXPECT_THAT(message([&](auto& o) { o.neighbours = NeighbourOptions{.counts = counts}; }),
                    HasSubstr("Invalid counts of neighbours"));
    }
    EXPECT_THAT(message([](auto& o) {
                    o.cont_names = {};
                    o.cat_names = {"kind"};
                    o.neighbours = NeighbourOptions{.counts = {1}};
                }),
                HasSubstr("Rows without numbers have no coordinates"));
    EXPECT_THAT(message_of<UsageError>([] {
                    TabularOptions wanted = options();
                    wanted.splitter = {};
                    wanted.neighbours = NeighbourOptions{};
                    TabularDataLoaders::from_parquet("rows.parquet", wanted);
                }),
                HasSubstr("not made of streamed files"));
}

TEST(DerivedNumbers, of_a_name_that_the_table_has_are_an_error) {
    TabularOptions wanted = options();
    wanted.neighbours = NeighbourOptions{.counts = {1}};
    const Table table = places().with_column("price_nearest_1", std::vector<std::string>(7, "1"));
    EXPECT_THAT(message_of<Error>([&] { TabularDataLoaders::from_table(table, wanted); }),
                HasSubstr("'price_nearest_1'"));
}

}  // namespace derived_fit_test
}  // namespace embark
