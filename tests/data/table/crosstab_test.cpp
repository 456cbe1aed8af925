#include <embark/data/table/crosstab.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>
#include <embark/data/table/table.h>
#include <nlohmann/json.hpp>

#include "test_files.h"

namespace embark {
namespace crosstab_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Table ratings() {
    return Table::from_text({{"user", {"10", "9", "10", "9", "7", "10"}},
                             {"film", {"b", "a", "a", "b", "c", "b"}},
                             {"rating", {"4", "3", "5", "2.5", "1", "2"}}});
}

TEST(Crosstab, has_a_cell_for_each_pair_and_a_hole_where_there_is_none) {
    const Crosstab table = crosstab(ratings(), "user", "film", "rating");
    EXPECT_THAT(table.rows, ElementsAre("7", "9", "10"));
    EXPECT_THAT(table.columns, ElementsAre("a", "b", "c"));
    EXPECT_TRUE(std::isnan(table.values[0][0].item<double>()));
    EXPECT_EQ(table.values[1][0].item<double>(), 3);
    EXPECT_EQ(table.values[1][1].item<double>(), 2.5);
    EXPECT_EQ(table.values[2][1].item<double>(), 3) << "the mean of two ratings";
    EXPECT_EQ(table.text(),
              "      a    b    c\n"
              "7             1.0\n"
              "9   3.0  2.5     \n"
              "10  5.0  3.0     \n");
}

TEST(Crosstab, keeps_the_names_that_occur_most_often) {
    const Crosstab table = crosstab(ratings(), "user", "film", "rating", {.top_rows = 2, .top_columns = 1});
    EXPECT_THAT(table.rows, ElementsAre("9", "10"));
    EXPECT_THAT(table.columns, ElementsAre("b"));
    EXPECT_THAT(
        testing::message_of<UsageError>([] { crosstab(ratings(), "user", "film", "rating", {.top_rows = -1}); }),
        HasSubstr("-1 names"));
    EXPECT_THAT(testing::message_of<Error>([] { crosstab(ratings(), "user", "item", "rating"); }), HasSubstr("item"));
}

TEST(Crosstab, a_plot_has_filled_cells_alone) {
    const auto plot = nlohmann::json::parse(crosstab(ratings(), "user", "film", "rating").plot("Ratings").json());
    EXPECT_EQ(plot.at("data").at("values").size(), 5U);
    EXPECT_EQ(plot.at("encoding").at("y").at("scale").at("domain").dump(), R"(["7","9","10"])");
    EXPECT_EQ(plot.at("title").at("text"), "Ratings");
}

}  // namespace crosstab_test
}  // namespace embark
