// Weights of rows, and categories of few rows.
#include <embark/core/error.h>
#include <embark/data/tabular/tabular.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <embark/data/parquet/parquet.h>

#include "test_files.h"

namespace embark {
namespace row_weights_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Six rows, the last two for validation.
Table rows(const std::vector<std::string>& weights) {
    return Table::from_text({{"city", {"Rome", "Oslo", "Rome", "Lima", "Oslo", "Lima"}},
                             {"n", weights},
                             {"y", {"a", "b", "a", "b", "a", "b"}}});
}

TabularOptions weighted() {
    return {.y_names = {"y"},
            .weight_name = "n",
            .splitter = index_splitter({4, 5}),
            .batch_size = 4,
            .shuffle = false};
}

TEST(RowWeights, count_in_training_and_are_not_predicted_from) {
    const auto dls = TabularDataLoaders::from_table(rows({"1", "0", "2.5", " 4 ", "9", "9"}), weighted());
    EXPECT_TRUE(at::equal(dls.one_batch().weights, at::tensor({1.f, 0.f, 2.5f, 4.f})));
    EXPECT_FALSE(dls.valid().is_weighted());
    EXPECT_TRUE(dls.train().is_weighted());
    EXPECT_THAT(dls.tabular().input_names(), ElementsAre("city"));

    auto options = weighted();
    options.splitter = {};
    const auto apart = TabularDataLoaders::from_tables(rows({"1", "2", "3", "4", "5", "6"}),
                                                       rows({"", "", "", "", "", ""}).select({"city", "y"}), options);
    EXPECT_EQ(apart.train().data().weights.sum().item<float>(), 21);
}

TEST(RowWeights, that_are_none_are_errors_with_their_row) {
    const auto refused = [](const std::vector<std::string>& weights) {
        return message_of<Error>([&] { TabularDataLoaders::from_table(rows(weights), weighted()); });
    };
    EXPECT_EQ(refused({"1", "-1", "1", "1", "1", "1"}),
              "row 2, column 'n': -1 is not a weight; weights are numbers of at least 0, up to 3.4e38");
    EXPECT_THAT(refused({"1", "1", "", "1", "1", "1"}), HasSubstr("row 3, column 'n'"));
    EXPECT_THAT(refused({"1", "1", "1", "1", "1", "inf"}), HasSubstr("row 6, column 'n'"));
    EXPECT_THAT(refused({"1", "1", "1", "many", "1", "1"}), HasSubstr("'many'"));
    EXPECT_THAT(refused({"0", "0", "0", "0", "0", "0"}), HasSubstr("no weight above 0"));
    const auto misused = [](const std::function<void(TabularOptions&)>& change) {
        auto options = weighted();
        change(options);
        return message_of<UsageError>(
            [&] { TabularDataLoaders::from_table(rows({"1", "1", "1", "1", "1", "1"}), options); });
    };
    EXPECT_THAT(misused([](TabularOptions& options) { options.cont_names = {"n"}; }),
                HasSubstr("Column 'n' has the rows' weights"));
    EXPECT_THAT(misused([](TabularOptions& options) { options.y_names = {"n"}; }), HasSubstr("Column 'n'"));
    auto options = weighted();
    options.weight_name = "m";
    EXPECT_THAT(message_of<Error>(
                    [&] { TabularDataLoaders::from_table(rows({"1", "1", "1", "1", "1", "1"}), options); }),
                HasSubstr("There is no column 'm'"));
}

TEST(MinCount, takes_categories_of_few_training_rows_as_unknown) {
    auto options = weighted();
    options.weight_name = {};
    options.cat_names = {"city"};
    options.min_count = 2;
    const auto dls = TabularDataLoaders::from_table(rows({"1", "1", "1", "1", "1", "1"}), options);
    // Of the training rows two are of Rome, one is of Oslo and one of Lima.
    EXPECT_THAT(dls.classes().at("city").names(), ElementsAre("#na#", "Rome"));
    EXPECT_TRUE(at::equal(dls.one_batch().inputs[0].flatten(), at::tensor({1, 0, 1, 0}, at::kLong)));
    // Parts of dates stay, each of which few rows have.
    auto dated = options;
    dated.date_names = {"day"};
    const Table days = rows({"1", "1", "1", "1", "1", "1"})
                           .with_column("day", std::vector<std::string>{"2024-01-01", "2024-01-02", "2024-01-03",
                                                                        "2024-01-04", "", ""});
    EXPECT_EQ(TabularDataLoaders::from_table(days, dated).classes().at("dayDay").size(), 5);
    options.ordered = {{"city", {"Oslo", "Rome", "Lima"}}};
    EXPECT_EQ(TabularDataLoaders::from_table(rows({"1", "1", "1", "1", "1", "1"}), options).classes().at("city").size(),
              4);
    options.ordered = {};
    options.min_count = 3;
    EXPECT_THAT(message_of<Error>(
                    [&] { TabularDataLoaders::from_table(rows({"1", "1", "1", "1", "1", "1"}), options); }),
                HasSubstr("Column 'city' has no category of at least 3 training rows"));
    options.min_count = 0;
    EXPECT_THAT(message_of<UsageError>(
                    [&] { TabularDataLoaders::from_table(rows({"1", "1", "1", "1", "1", "1"}), options); }),
                HasSubstr("Invalid min_count 0"));
}

TEST(MinCount, and_weights_are_not_for_streamed_rows) {
    TemporaryFolder folder;
    write_parquet(folder.path() / "rows.parquet", rows({"1", "1", "1", "1", "1", "1"}));
    TabularOptions options{.y_names = {"y"}, .min_count = 2, .valid_pct = 0};
    EXPECT_THAT(message_of<UsageError>(
                    [&] { TabularDataLoaders::from_parquet(folder.path() / "rows.parquet", options); }),
                HasSubstr("leave min_count 2 out"));
    options.min_count = 1;
    options.weight_name = "n";
    EXPECT_THAT(message_of<UsageError>(
                    [&] { TabularDataLoaders::from_parquet(folder.path() / "rows.parquet", options); }),
                HasSubstr("leave weight_name n out"));
}

}  // namespace row_weights_test
}  // namespace embark
