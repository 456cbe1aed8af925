#include <embark/data/loaders/column_splitters.h>

#include <embark/core/error.h>
#include <embark/data/table/table.h>

#include <map>
#include <random>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "split_checks.h"
#include "test_files.h"

namespace embark {
namespace column_splitters_test {

using embark::testing::column_of;
using embark::testing::count_values;
using embark::testing::expect_partition;
using embark::testing::message_of;
using embark::testing::row_numbers;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SliceSplitter, takes_contiguous_rows) {
    const Table table = column_of("x", {"a", "b", "c", "d", "e"});
    const Split split = slice_splitter(1, 3)(table);
    EXPECT_THAT(row_numbers(split.valid), ElementsAre(1, 2));
    EXPECT_THAT(row_numbers(split.train), ElementsAre(0, 3, 4));
    EXPECT_THAT(row_numbers(slice_splitter(3, 5)(table).valid), ElementsAre(3, 4));
}

TEST(SliceSplitter, refuses_slices_that_are_none_or_not_there) {
    const Table table = column_of("x", {"a", "b", "c"});
    EXPECT_THAT(message_of<UsageError>([] { slice_splitter(3, 3); }), HasSubstr("Invalid slice of rows from 3 to 3"));
    EXPECT_THAT(message_of<UsageError>([] { slice_splitter(-1, 3); }), HasSubstr("from -1 to 3"));
    EXPECT_EQ(message_of<Error>([&] { slice_splitter(1, 4)(table); }),
              "Rows 1 to 4 cannot be for validation: the table has 3 rows");
    EXPECT_THAT(message_of<Error>([&] { slice_splitter(0, 3)(table); }), HasSubstr("No row is left for training"));
}

// 10 rows of a, 5 of b: a quarter is 2.5 and 1.25; of int(3.75) rows the third is a's, whose share was cut by more.
TEST(StratifiedSplitter, gives_each_class_its_share) {
    std::vector<std::string> classes(10, "a");
    classes.insert(classes.end(), 5, "b");
    const Table table = column_of("class", classes);
    for (const uint64_t seed : {1, 2, 3}) {
        const Split split = stratified_splitter("class", 0.25, seed)(table);
        expect_partition(split, 15);
        EXPECT_EQ(count_values(table, "class", split.valid), (std::map<std::string, int64_t>{{"a", 2}, {"b", 1}}));
    }
}

// scikit-learn 1.9.1: train_test_split(range(1000), test_size=0.2, stratify=y) of classes of 500, 300, 150, 45, 5 rows
// has 100, 60, 30, 9, 1 of them whatever its seed: every share is whole.
TEST(StratifiedSplitter, has_the_counts_of_scikit_learn_where_shares_are_whole) {
    std::vector<std::string> classes;
    for (const auto& [name, rows] : std::map<std::string, int>{{"a", 500}, {"b", 300}, {"c", 150}, {"d", 45}, {"e", 5}})
        classes.insert(classes.end(), static_cast<size_t>(rows), name);
    std::shuffle(classes.begin(), classes.end(), std::mt19937(1));
    const Table table = column_of("class", classes);
    const Split split = stratified_splitter("class", 0.2, 9)(table);
    expect_partition(split, 1000);
    EXPECT_EQ(count_values(table, "class", split.valid),
              (std::map<std::string, int64_t>{{"a", 100}, {"b", 60}, {"c", 30}, {"d", 9}, {"e", 1}}));
}

TEST(StratifiedSplitter, draws_other_rows_with_another_seed_and_the_same_with_the_same) {
    const Table table = column_of("class", std::vector<std::string>(100, "a"));
    const auto valid = [&](uint64_t seed) { return row_numbers(stratified_splitter("class", 0.2, seed)(table).valid); };
    EXPECT_EQ(valid(1), valid(1));
    EXPECT_NE(valid(1), valid(2));
}

TEST(StratifiedSplitter, keeps_rare_classes_in_training) {
    const Table table = column_of("class", {"a", "one", "b", "b", "", "a", "a", "a", "", "a"});
    for (const uint64_t seed : {1, 2, 3, 4, 5}) {
        const Split split = stratified_splitter("class", 0.8, seed)(table);
        expect_partition(split, 10);
        EXPECT_EQ(count_values(table, "class", split.train),
                  (std::map<std::string, int64_t>{{"", 1}, {"a", 1}, {"b", 1}, {"one", 1}}));
    }
}

TEST(StratifiedSplitter, says_what_cannot_be) {
    EXPECT_THAT(message_of<UsageError>([] { stratified_splitter("class", 1); }), HasSubstr("Invalid valid_pct: 1"));
    EXPECT_THAT(message_of<Error>([] {
                    stratified_splitter("clas")(column_of("class", {"a", "b"}));
                }),
                HasSubstr("There is no column 'clas' in the table; did you mean 'class'"));
    EXPECT_EQ(message_of<Error>([] {
                  stratified_splitter("class", 0.5)(column_of("class", {"a", "b"}));
              }),
              "The validation part would be empty: no value of column 'class' of the table has two rows");
    EXPECT_THAT(message_of<Error>([] {
                    stratified_splitter("class", 0.2)(column_of("class", {"a", "a"}));
                }),
                HasSubstr("0.2 of 2 rows is less than one"));
}

TEST(TimeSplitter, takes_the_latest_rows) {
    const Table numbers = column_of("t", {"10", "9", "-3", "1e2", "2.5"});
    EXPECT_THAT(row_numbers(time_splitter("t", 0.4)(numbers).valid), ElementsAre(0, 3));
    const Table dates = column_of(
        "t", {"2024-01-31", "2024-02-01T00:00", "2023-12-31 23:59:59", "1969-07-20", "2024-01-31 12:00:00.5"});
    EXPECT_THAT(row_numbers(time_splitter("t", 0.4)(dates).valid), ElementsAre(1, 4));
    EXPECT_THAT(row_numbers(time_splitter("t", 0.6)(dates).train), ElementsAre(2, 3));
}

TEST(TimeSplitter, reads_numbers_that_a_table_has_as_numbers) {
    const Table table = column_of("x", {"a", "b", "c"}).with_column("t", at::tensor({3., 1., 2.}));
    EXPECT_THAT(row_numbers(time_splitter("t", 0.3)(table).valid), ElementsAre(0));
}

// Of five rows two are wanted. Three are the latest: with them three, without them none, which would be no part.
TEST(TimeSplitter, keeps_rows_of_the_same_time_together) {
    const Table table = column_of("t", {"2", "1", "2", "1", "2"});
    EXPECT_THAT(row_numbers(time_splitter("t", 0.4)(table).valid), ElementsAre(0, 2, 4));
    // Two are wanted: one at time 4, or four from time 3 on.
    const Table uneven = column_of("t", {"3", "3", "3", "4", "1", "1", "1", "1", "1", "1"});
    EXPECT_THAT(row_numbers(time_splitter("t", 0.2)(uneven).valid), ElementsAre(3));
    EXPECT_THAT(row_numbers(time_splitter("t", 0.3)(uneven).valid), ElementsAre(0, 1, 2, 3));
}

TEST(TimeSplitter, names_the_value_that_is_no_time) {
    const std::string kHint = "; dates are like 2024-01-31, with a time or without, or of a date format that is given";
    const auto message = [](const std::vector<std::string>& values) {
        return message_of<Error>([&] { time_splitter("t")(column_of("t", values)); });
    };
    EXPECT_EQ(message({"1", "soon"}), concat("row 2, column 't': 'soon' is neither a date nor a number", kHint));
    EXPECT_EQ(message({"nan", "1"}), concat("row 1, column 't': 'nan' is neither a date nor a number", kHint));
    EXPECT_EQ(message({"2024-02-30", "2024-01-01"}),
              concat("row 1, column 't': '2024-02-30' is neither a date nor a number", kHint));
    EXPECT_EQ(message({"2024-01-01", "7"}), "row 2, column 't': '7' is a number where the rows before have dates");
    EXPECT_EQ(message({"7", ""}), "row 2, column 't': the value is missing, and a date or number is needed");
    EXPECT_EQ(message({"7", "7"}), "The latest rows cannot be told from the others: all rows are equally late");
    EXPECT_EQ(message({}), "The latest rows cannot be told from the others: there are none");
    EXPECT_THAT(message_of<Error>([] {
                    time_splitter("when")(column_of("t", {"1", "2"}));
                }),
                HasSubstr("There is no column 'when'"));
    EXPECT_THAT(message_of<UsageError>([] { time_splitter("t", -0.1); }), HasSubstr("Invalid valid_pct"));
}

TEST(TimeSplitter, reads_a_date_format_and_takes_offsets_into_account) {
    const Table dates = column_of("t", {"01/02/2024", "12/31/2023", "20240301", "2024-01-02 00:30+02:00"});
    EXPECT_THAT(message_of<Error>([&] { time_splitter("t", 0.5, "%m/%d/%Y")(dates); }), HasSubstr("'20240301'"));
    const Table usable = column_of("t", {"01/02/2024", "12/31/2023", "03/01/2024", "2024-01-02 00:30+02:00"});
    EXPECT_THAT(row_numbers(time_splitter("t", 0.5, "%m/%d/%Y")(usable).valid), ElementsAre(0, 2));
    const Table digits = column_of("t", {"20240102", "20231231", "20240301"});
    EXPECT_THAT(row_numbers(time_splitter("t", 0.3, "%Y%m%d")(digits).valid), ElementsAre(2));
    EXPECT_THAT(message_of<UsageError>([] { time_splitter("t", 0.2, "%d"); }), HasSubstr("needs a year"));
}

// As pandas: ratings.sort_values("t", kind="stable").groupby("user").tail(1), of users with two rows or more.
TEST(LeaveLastOutSplitter, takes_the_latest_row_of_each_user) {
    const Table table = Table::from_text({{"user", {"a", "b", "a", "c", "b", "a", "d", "d"}},
                                          {"t", {"3", "1", "9", "5", "1", "2", "2", "1.5"}}});
    const Split split = leave_last_out_splitter("user", "t")(table);
    EXPECT_THAT(row_numbers(split.valid), ElementsAre(2, 4, 6));
    EXPECT_THAT(row_numbers(split.train), ElementsAre(0, 1, 3, 5, 7));
    const Table dates = Table::from_text({{"user", {"a", "a"}}, {"t", {"02/01/2024", "01/31/2024"}}});
    EXPECT_THAT(row_numbers(leave_last_out_splitter("user", "t", "%m/%d/%Y")(dates).valid), ElementsAre(0));
}

TEST(LeaveLastOutSplitter, says_what_cannot_be) {
    const Table singles = Table::from_text({{"user", {"a", "b"}}, {"t", {"1", "2"}}});
    EXPECT_EQ(message_of<Error>([&] { leave_last_out_splitter("user", "t")(singles); }),
              "The validation part would be empty: no value of column 'user' of the table has two rows");
    const Table missing = Table::from_text({{"user", {"a", "a"}}, {"t", {"1", ""}}});
    EXPECT_THAT(message_of<Error>([&] { leave_last_out_splitter("user", "t")(missing); }),
                HasSubstr("row 2, column 't': the value is missing"));
    EXPECT_THAT(message_of<Error>([&] { leave_last_out_splitter("usr", "t")(singles); }),
                HasSubstr("There is no column 'usr'"));
}

TEST(GroupSplitter, divides_no_group_and_comes_near_the_share) {
    std::mt19937 random(3);
    for (const uint64_t seed : {1, 2, 3, 4, 5, 6, 7, 8}) {
        std::vector<std::string> groups;
        for (int i = 0; i < 1000; ++i) groups.push_back(std::to_string(random() % 60));
        const Table table = column_of("group", groups);
        const Split split = group_splitter("group", 0.2, seed)(table);
        expect_partition(split, 1000);
        const auto train = count_values(table, "group", split.train), valid = count_values(table, "group", split.valid);
        for (const auto& [group, rows] : valid) EXPECT_FALSE(train.contains(group)) << group;
        // No group has as many as 40 rows, so that half of one is the most that can be missing.
        EXPECT_NEAR(static_cast<double>(split.valid.numel()), 200, 20);
    }
}

TEST(GroupSplitter, takes_one_group_more_where_that_is_nearer) {
    // 3 of 10 rows are wanted: the group of 4 is nearer than that of 1, and than nothing.
    const Table table = column_of("group", {"a", "a", "a", "a", "b", "b", "b", "b", "b", "b"});
    for (const uint64_t seed : {1, 2, 3}) {
        EXPECT_THAT(row_numbers(group_splitter("group", 0.3, seed)(table).valid), ElementsAre(0, 1, 2, 3));
        EXPECT_THAT(row_numbers(group_splitter("group", 0.01, seed)(table).valid), ElementsAre(0, 1, 2, 3));
        // Both sides keep a group, whatever share is asked for.
        EXPECT_THAT(row_numbers(group_splitter("group", 0.99, seed)(table).train).size(), ::testing::Ge(4u));
    }
}

TEST(GroupSplitter, treats_missing_values_as_one_group) {
    const Table table = column_of("group", {"", "a", "", "b", "", "c"});
    for (const uint64_t seed : {1, 2, 3, 4}) {
        const auto valid = count_values(table, "group", group_splitter("group", 0.5, seed)(table).valid);
        if (valid.contains("")) {
            EXPECT_EQ(valid.at(""), 3);
        }
    }
}

TEST(GroupSplitter, says_what_cannot_be) {
    EXPECT_EQ(message_of<Error>([] {
                  group_splitter("group")(column_of("group", {"a", "a"}));
              }),
              "Groups cannot be kept apart: column 'group' of the table has the same value in every row");
    EXPECT_THAT(message_of<Error>([] {
                    group_splitter("grup")(column_of("group", {"a", "b"}));
                }),
                HasSubstr("There is no column 'grup'"));
    EXPECT_THAT(message_of<UsageError>([] { group_splitter("group", 0); }), HasSubstr("Invalid valid_pct: 0"));
}

}  // namespace column_splitters_test
}  // namespace embark
