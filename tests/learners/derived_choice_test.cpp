#include <embark/learners/derived_choice.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "test_files.h"

namespace embark {
namespace derived_choice_test {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::message_of;
using ::testing::StartsWith;
using testing::TemporaryFolder;

/// Rows at places of which each has a price of its own, which neither coordinate tells; `x` is noise.
Table places(const std::string& latitude, const std::string& longitude, int64_t rows = 1500) {
    torch::manual_seed(7);
    const at::Tensor spots = torch::rand({150, 2}, torch::kDouble) * 10, worth = torch::randn({150}, torch::kDouble);
    const at::Tensor at = torch::randint(0, 150, {rows});
    const at::Tensor where = spots.index_select(0, at) + 0.01 * torch::randn({rows, 2}, torch::kDouble);
    return Table::of_rows(rows)
        .with_column(latitude, where.select(1, 0))
        .with_column(longitude, where.select(1, 1))
        .with_column("x", torch::randn({rows}, torch::kDouble))
        .with_column("price", worth.index_select(0, at) + 0.1 * torch::randn({rows}, torch::kDouble));
}

TabularRecipe recipe() {
    TabularRecipe recipe = default_recipe(1500);
    recipe.data.y_names = {"price"};
    recipe.data.batch_size = 64;
    recipe.learner.progress = false;
    return recipe;
}

std::string choose(TabularRecipe& recipe, const Table& table) {
    set_seed(1);
    return choose_derived_numbers(
        recipe, [&](const TabularOptions& data) { return TabularDataLoaders::from_table(table, data); });
}

TEST(DerivedChoice, takes_the_nearest_rows_by_coordinates_where_they_tell_the_target) {
    TabularRecipe made = recipe();
    const std::string sentence = choose(made, places("pickup_lat", "pickup_lng"));
    ASSERT_TRUE(made.data.neighbours) << sentence;
    EXPECT_THAT(made.data.neighbours->columns, ::testing::ElementsAre("pickup_lat", "pickup_lng"));
    EXPECT_EQ(made.data.rotated.size(), 1U);
    EXPECT_THAT(sentence, StartsWith("Tried on the validation rows: loss "));
    EXPECT_THAT(sentence, EndsWith("taken: that and the nearest rows by pickup_lat and pickup_lng"));
    EXPECT_THAT(choose(made, places("pickup_lat", "pickup_lng")), HasSubstr("as given"));
}

TEST(DerivedChoice, looks_by_all_numbers_where_none_are_coordinates_by_their_names) {
    TabularRecipe made = recipe();
    const Table table = places("flat", "along");
    made.data.ignore_names = {"x"};
    const std::string sentence = choose(made, table);
    ASSERT_TRUE(made.data.neighbours) << sentence;
    EXPECT_TRUE(made.data.neighbours->columns.empty());
    EXPECT_TRUE(made.data.rotated.empty());
}

TEST(DerivedChoice, takes_nothing_where_nothing_helps) {
    TabularRecipe made = recipe();
    torch::manual_seed(5);
    const at::Tensor x = torch::randn({1500, 2}, torch::kDouble);
    const Table line = Table::of_rows(1500)
                           .with_column("x", x.select(1, 0))
                           .with_column("z", x.select(1, 1))
                           .with_column("price", 2 * x.select(1, 0) + torch::randn({1500}, torch::kDouble));
    EXPECT_THAT(choose(made, line), EndsWith("taken: no derived numbers"));
    EXPECT_FALSE(made.data.neighbours);
    made.data.splitter = [](const Table& table) {
        return Split{torch::arange(table.rows()), torch::empty({0}, torch::kLong)};
    };
    EXPECT_THAT(choose(made, line), HasSubstr("without validation rows"));
    made.data.splitter = {};
    EXPECT_THAT(choose(made, line.head(30)), HasSubstr("too few or too many rows"));
}

TEST(DerivedChoice, is_part_of_the_fit_that_a_checkpoint_goes_on_with) {
    TemporaryFolder folder;
    const Table table = places("lat", "lon", 300);
    const auto fit = [&](std::vector<int64_t> counts) {
        TabularRecipe made = recipe();
        made.data.neighbours = NeighbourOptions{.columns = {"lat"}, .counts = std::move(counts)};
        set_seed(2);
        auto learn = tabular_learner(TabularDataLoaders::from_table(table, made.data), made.model, made.learner);
        learn.fit(1, 1e-3, {.checkpoint = {.dir = folder.path() / "run", .resume = true}});
        return learn.records().epochs.size();
    };
    EXPECT_EQ(fit({3}), 1U);
    EXPECT_EQ(fit({3}), 1U);
    EXPECT_THAT(message_of<Error>([&] { fit({4}); }), HasSubstr("preprocessing"));
}

}  // namespace derived_choice_test
}  // namespace embark
