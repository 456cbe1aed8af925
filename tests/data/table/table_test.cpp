#include <embark/core/error.h>
#include <embark/data/csv/csv.h>
#include <embark/data/table/table.h>

#include <cmath>
#include <sstream>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace table_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

at::Tensor indices(const std::vector<int64_t>& rows) {
    return at::tensor(rows, at::kLong);
}

Table ratings() {
    return Table::from_text({{"user", {"a", "b", "a"}}, {"movie", {"1", "3", "2"}}, {"rating", {"4", "5", "3.5"}}});
}

TEST(Table, knows_its_size_and_names) {
    const Table table = ratings();
    EXPECT_EQ(table.rows(), 3);
    EXPECT_EQ(table.columns(), 3);
    EXPECT_THAT(table.names(), ElementsAre("user", "movie", "rating"));
    EXPECT_TRUE(table.has("movie"));
    EXPECT_FALSE(table.has("Movie"));
    EXPECT_EQ(table.source(), "");
}

TEST(Table, columns_of_unequal_length_make_no_table) {
    EXPECT_THAT(message_of<Error>([] {
                    Table::from_text({{"a", {"1", "2"}}, {"b", {"1"}}});
                }),
                HasSubstr("Column 'b' would have 1 values, but the table has 2 rows"));
}

TEST(Table, select_keeps_the_order_asked_for) {
    EXPECT_THAT(ratings().select({"rating", "user"}).names(), ElementsAre("rating", "user"));
    EXPECT_EQ(message_of<Error>([] { ratings().select({"film"}); }),
              "There is no column 'film' in the table; there are: user, movie, rating");
}

TEST(Table, rename_changes_one_name) {
    EXPECT_THAT(ratings().rename("movie", "item").names(), ElementsAre("user", "item", "rating"));
    EXPECT_THAT(message_of<Error>([] { ratings().rename("movie", "user"); }), HasSubstr("a column 'user' already"));
    EXPECT_THAT(message_of<Error>([] { ratings().rename("x", "y"); }), HasSubstr("no column 'x'"));
}

TEST(Table, take_and_head) {
    EXPECT_THAT(ratings().take(indices({2, 0, 2})).text("movie"), ElementsAre("2", "1", "2"));
    EXPECT_EQ(ratings().take(indices({})).rows(), 0);
    EXPECT_THAT(ratings().head(2).text("movie"), ElementsAre("1", "3"));
    EXPECT_EQ(ratings().head(10).rows(), 3);
    EXPECT_THAT(message_of<Error>([] { ratings().take(indices({3})); }), HasSubstr("There is no row 3"));
    EXPECT_THAT(message_of<Error>([] { ratings().take(indices({-1})); }), HasSubstr("There is no row -1"));
    EXPECT_THAT(message_of<UsageError>([] { ratings().head(-1); }), HasSubstr("-1"));
}

TEST(Table, filter_keeps_the_rows_that_are_true_in_their_order) {
    const Table flats =
        Table::from_text({{"city", {"Lima", "Oslo", "Rome", "Bern"}}, {"price", {"90", "", "300", "110"}}});
    EXPECT_THAT(flats.filter(flats.numbers("price") > 100).text("city"), ElementsAre("Rome", "Bern"));
    // A missing price is neither.
    EXPECT_THAT(flats.filter(flats.numbers("price") <= 100).text("city"), ElementsAre("Lima"));
    EXPECT_EQ(flats.filter(flats.numbers("price") > 1000).rows(), 0);
    EXPECT_EQ(flats.filter(at::ones({4}, at::kBool)).rows(), 4);
    EXPECT_EQ(Table::of_rows(0).filter(at::ones({0}, at::kBool)).rows(), 0);
    EXPECT_THAT(message_of<Error>([&] { flats.filter(at::ones({3}, at::kBool)); }), HasSubstr("each of the 4 rows"));
    EXPECT_THAT(message_of<Error>([&] { flats.filter(at::ones({4}, at::kLong)); }), HasSubstr("1 dimensions of type"));
    EXPECT_THAT(message_of<Error>([&] { flats.filter(at::ones({4, 1}, at::kBool)); }), HasSubstr("2 dimensions"));
}

TEST(Table, rows_without_a_value_of_one_column_are_dropped_by_its_name) {
    const Table flats = Table::from_text({{"city", {"Lima", "", "Rome"}}, {"price", {"90", "NA", ""}}});
    EXPECT_THAT(flats.drop_missing("price").text("city"), ElementsAre("Lima"));
    EXPECT_THAT(flats.drop_missing(std::string("city")).text("city"), ElementsAre("Lima", "Rome"));
    EXPECT_THAT(flats.drop_missing({"price", "city"}).text("city"), ElementsAre("Lima"));
    EXPECT_THAT(message_of<Error>([&] { flats.drop_missing("size"); }), HasSubstr("size"));
}

TEST(Table, columns_become_one_tensor) {
    const Table flats =
        Table::from_text({{"size", {"50", "80"}}, {"price", {"1e3", "2.5"}}, {"city", {"Lima", "Oslo"}}});
    EXPECT_TRUE(at::equal(flats.to_tensor({"price", "size"}), at::tensor({1000.0F, 50.0F, 2.5F, 80.0F}).view({2, 2})));
    EXPECT_EQ(Table::from_text({{"x", {}}}).to_tensor({"x"}).sizes(), (std::vector<int64_t>{0, 1}));
    EXPECT_THAT(message_of<Error>([&] { flats.to_tensor({"size", "city"}); }), HasSubstr("'Lima' is not a number"));
    EXPECT_THAT(message_of<Error>([&] { flats.to_tensor({"area"}); }), HasSubstr("area"));
    EXPECT_THAT(message_of<UsageError>([&] { flats.to_tensor({}); }), HasSubstr("at least one"));
    const Table odd = Table::from_text({{"x", {"1", "1e300"}}, {"y", {"", "2"}}});
    EXPECT_EQ(message_of<Error>([&] { odd.to_tensor({"x"}); }),
              "row 2, column 'x': 1e+300 is not a number up to 3.4e38");
    EXPECT_THAT(message_of<Error>([&] { odd.to_tensor({"y"}); }), HasSubstr("row 1, column 'y'"));
}

TEST(Table, join_keeps_the_left_order_and_leaves_unknown_keys_missing) {
    const Table titles = Table::from_text({{"title", {"Two", "One"}}, {"movie", {"2", "1"}}});
    const Table joined = ratings().join(titles, "movie");
    EXPECT_THAT(joined.names(), ElementsAre("user", "movie", "rating", "title"));
    EXPECT_THAT(joined.text("movie"), ElementsAre("1", "3", "2"));
    EXPECT_THAT(joined.text("title"), ElementsAre("One", "", "Two"));
}

TEST(Table, inner_join_leaves_out_rows_without_a_match) {
    const Table titles = Table::from_text({{"movie", {"2", "1"}}, {"title", {"Two", "One"}}});
    const Table joined = ratings().join(titles, "movie", JoinHow::inner);
    EXPECT_THAT(joined.text("user"), ElementsAre("a", "a"));
    EXPECT_THAT(joined.text("title"), ElementsAre("One", "Two"));
    EXPECT_EQ(joined.where(1, "title"), "row 3, column 'title'");
}

TEST(Table, missing_keys_never_match) {
    const Table left = Table::from_text({{"key", {"", "x"}}});
    const Table right = Table::from_text({{"key", {"", "", "x"}}, {"value", {"nothing", "nothing", "found"}}});
    EXPECT_THAT(left.join(right, "key").text("value"), ElementsAre("", "found"));
    EXPECT_EQ(left.join(right, "key", JoinHow::inner).rows(), 1);
}

TEST(Table, join_compares_keys_as_text) {
    const Table left = Table::from_text({{"key", {"7", "07", "7.0"}}});
    const Table right = Table::from_text({{"name", {"seven"}}}).with_column("key", indices({7}));
    EXPECT_THAT(left.join(right, "key").text("name"), ElementsAre("seven", "", ""));
}

TEST(Table, join_refuses_repeated_keys_and_common_names) {
    const Table twice = Table::from_text({{"movie", {"1", "2", "1"}}, {"title", {"x", "y", "z"}}});
    EXPECT_EQ(message_of<Error>([&] { ratings().join(twice, "movie"); }),
              "Cannot join on column 'movie': '1' stands 2 times in the table, on the right of the join, where each "
              "value may stand once");
    const Table common = Table::from_text({{"movie", {"1"}}, {"rating", {"5"}}});
    EXPECT_THAT(message_of<Error>([&] { ratings().join(common, "movie"); }),
                HasSubstr("both tables have a column 'rating'"));
    EXPECT_THAT(message_of<Error>([&] { ratings().join(common, "film"); }), HasSubstr("no column 'film'"));
}

TEST(Table, join_over_many_chunks) {
    const TemporaryFolder folder;
    std::string left = "key,row\n", right = "key,value\n";
    for (int i = 0; i < 200000; ++i) {
        left += std::to_string(199999 - i) + "," + std::to_string(i) + "\n";
        right += std::to_string(i) + ",v" + std::to_string(i) + "\n";
    }
    const Table joined = read_csv(folder.write("l.csv", left)).join(read_csv(folder.write("r.csv", right)), "key");
    const auto values = joined.text("value");
    EXPECT_EQ(values.front(), "v199999");
    EXPECT_EQ(values[123456], "v76543");
    EXPECT_EQ(values.back(), "v0");
}

TEST(Table, with_column_adds_or_replaces) {
    const Table added = ratings().with_column("n", at::tensor({1.5, 2.0, 3.0}));
    EXPECT_THAT(added.names(), ElementsAre("user", "movie", "rating", "n"));
    EXPECT_THAT(added.text("n"), ElementsAre("1.5", "2", "3"));
    const Table replaced = ratings().with_column("movie", std::vector<std::string>{"x", "", "z"});
    EXPECT_THAT(replaced.names(), ElementsAre("user", "movie", "rating"));
    EXPECT_THAT(replaced.text("movie"), ElementsAre("x", "", "z"));
    EXPECT_THAT(ratings().with_column("f", at::full({3}, 0.1f)).text("f"), ElementsAre("0.1", "0.1", "0.1"));
    EXPECT_THAT(ratings().with_column("b", at::ones({3}, at::kBool)).text("b"), ElementsAre("true", "true", "true"));
    EXPECT_THAT(message_of<Error>([] { ratings().with_column("n", at::zeros({2})); }),
                HasSubstr("would have 2 values, but the table has 3 rows"));
    EXPECT_THAT(message_of<Error>([] { ratings().with_column("n", at::zeros({3, 1})); }), HasSubstr("1-d"));
}

TEST(Table, numbers_read_the_usual_forms_and_missing_words) {
    const Table table = Table::from_text(
        {{"x", {"1", "-2.5", "1e3", " 7 ", "", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None"}}});
    const at::Tensor numbers = table.numbers("x");
    EXPECT_EQ(numbers.scalar_type(), at::kDouble);
    EXPECT_TRUE(at::equal(numbers.slice(0, 0, 4), at::tensor({1.0, -2.5, 1000.0, 7.0}, at::kDouble)));
    EXPECT_TRUE(at::isnan(numbers.slice(0, 4)).all().item<bool>());
    EXPECT_EQ(numbers.numel(), 13);
}

TEST(Table, a_number_too_near_to_zero_leaves_its_column_one_of_numbers) {
    const Table table = Table::from_text({{"x", {"1.5", "1e-400", "-1e-400"}}, {"y", {"5", "+-5", "7"}}});
    EXPECT_EQ(table.type("x"), ColumnType::number);
    EXPECT_TRUE(at::equal(table.numbers("x"), at::tensor({1.5, 0., 0.})));
    EXPECT_EQ(table.type("y"), ColumnType::text);
    EXPECT_THAT(message_of<Error>([&] { table.numbers("y"); }), HasSubstr("'+-5' is not a number"));
}

TEST(Table, the_first_value_that_is_no_number_is_named) {
    const Table table = Table::from_text({{"x", {"1", "4,5", "abc"}}});
    EXPECT_EQ(message_of<Error>([&] { table.numbers("x"); }),
              "row 2, column 'x': '4,5' is not a number; to read it as one give --decimal ','");
    const TemporaryFolder folder;
    const auto path = folder.write("r.csv", "a,x\n1,2\n1,0x10\n");
    EXPECT_EQ(message_of<Error>([&] { read_csv(path).numbers("x"); }),
              path.string() + ", row 2 (line 3), column 'x': '0x10' is not a number");
}

TEST(Table, finite_numbers_refuse_what_is_missing_or_infinite) {
    const auto error = [](const std::string& value) {
        return message_of<Error>([&] { Table::from_text({{"x", {"1", value}}}).finite_numbers("x"); });
    };
    EXPECT_EQ(error(""), "row 2, column 'x': the value is missing, and a number is needed");
    EXPECT_EQ(error("inf"), "row 2, column 'x': 'inf' is not a finite number");
    EXPECT_EQ(error("-Infinity"), "row 2, column 'x': '-Infinity' is not a finite number");
    EXPECT_EQ(error("nan"), "row 2, column 'x': 'nan' is not a finite number");
    EXPECT_EQ(ratings().finite_numbers("rating").sum().item<double>(), 12.5);
}

TEST(Table, a_row_that_was_taken_is_still_named_by_its_place_in_the_file) {
    const TemporaryFolder folder;
    const auto path = folder.write("r.csv", "x\n1\n2\nabc\n4\n");
    const Table taken = read_csv(path).take(indices({3, 2, 0})).take(indices({0, 1})).rename("x", "y");
    EXPECT_EQ(message_of<Error>([&] { taken.numbers("y"); }),
              path.string() + ", row 3 (line 4), column 'y': 'abc' is not a number");
}

ColumnType type_of(const std::vector<std::string>& values) {
    return Table::from_text({{"x", values}}).type("x");
}

TEST(Table, types_are_what_all_values_can_be_taken_for) {
    EXPECT_EQ(type_of({"1", "", "-7"}), ColumnType::integer);
    EXPECT_EQ(type_of({"1", "NA", "nan"}), ColumnType::integer);
    EXPECT_EQ(type_of({"1", "2.5"}), ColumnType::number);
    EXPECT_EQ(type_of({"1e-3", "-.5"}), ColumnType::number);
    EXPECT_EQ(type_of({"true", "False"}), ColumnType::boolean);
    EXPECT_EQ(type_of({"2024-01-31", "1999-12-01 23:59:59"}), ColumnType::date);
    EXPECT_EQ(type_of({"1", "x"}), ColumnType::text);
    EXPECT_EQ(type_of({"true", "1"}), ColumnType::text);
    EXPECT_EQ(type_of({"2024-01-31", "5"}), ColumnType::text);
    EXPECT_EQ(type_of({"", "NA"}), ColumnType::text);
}

TEST(Table, integers_that_numbers_would_merge_are_text) {
    EXPECT_EQ(type_of({"007", "7"}), ColumnType::text);
    EXPECT_EQ(type_of({"9223372036854775807", "1"}), ColumnType::integer);
    EXPECT_EQ(type_of({"9223372036854775808", "9223372036854775809"}), ColumnType::text);
}

TEST(Table, view_aligns_columns_and_cuts_long_values) {
    const Table table =
        Table::from_text({{"title", {"東京", "line\nbreak", std::string(60, 'x')}}, {"n", {"1", "", "30"}}});
    EXPECT_EQ(table.view(2),
              "        title        n\n"
              "         text  integer\n"
              "0        東京        1\n"
              "1  line break       NA\n"
              "[3 rows x 2 columns]");
    EXPECT_THAT(table.view(3), HasSubstr("2  " + std::string(39, 'x') + "…       30\n"));
    std::ostringstream out;
    out << table.head(1);
    EXPECT_EQ(out.str(), table.head(1).view());
}

}  // namespace table_test
}  // namespace embark
