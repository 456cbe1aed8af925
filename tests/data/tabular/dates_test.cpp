// Columns of dates in tables to train on: their names, their formats, and values that are no dates.
#include <embark/core/error.h>
#include <embark/data/tabular/tabular.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <embark/data/parquet/parquet.h>
#include <embark/predictor/detail/tabular_encoder_json.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace dates_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

/// Eight rows with these columns of dates, four values each.
Table sales(const std::vector<std::pair<std::string, std::vector<std::string>>>& dates) {
    std::vector<std::pair<std::string, std::vector<std::string>>> columns = {
        {"y", {"yes", "no", "yes", "no", "yes", "no", "yes", "no"}}};
    for (auto [name, values] : dates) {
        const std::vector<std::string> once = values;
        values.insert(values.end(), once.begin(), once.end());
        columns.push_back({name, values});
    }
    return Table::from_text(columns);
}

TabularOptions options() {
    return {.y_names = {"y"}, .scaling = Scaling::none, .splitter = index_splitter({4, 5, 6, 7}), .batch_size = 4};
}

std::vector<std::string> messages(const TabularDataLoaders& dls) {
    std::vector<std::string> messages;
    for (const Warning& warning : dls.warnings()) messages.push_back(warning.code + ": " + warning.message);
    return messages;
}

const std::vector<std::string> kSpring = {"2023-03-31", "2023-04-15", "2023-05-08", "2023-06-08"};
const std::vector<std::string> kFall = {"2024-09-30", "2024-10-15", "2024-11-08", "2024-12-08"};

TEST(TabularDates, of_one_prefix_have_parts_of_their_own) {
    const auto dls = TabularDataLoaders::from_table(sales({{"start", kSpring}, {"startDate", kFall}}), options());
    EXPECT_THAT(dls.tabular_options().cont_names, ElementsAre("startElapsed", "startDateElapsed"));
    EXPECT_THAT(dls.tabular_options().cat_names, AllOf(Contains("startYear"), Contains("startDateYear")));
    EXPECT_THAT(dls.tabular().classes().at("startYear").names(), ElementsAre("#na#", "2023"));
    EXPECT_THAT(dls.tabular().classes().at("startDateYear").names(), ElementsAre("#na#", "2024"));
    EXPECT_THAT(dls.tabular().input_names(), ElementsAre("start", "startDate"));

    const auto json = to_json(static_cast<const TabularEncoder&>(dls.tabular()));
    EXPECT_FALSE(json.at("dates")[0].contains("prefix"));
    EXPECT_EQ(json.at("dates")[1].at("prefix"), "startDate");
    const TabularEncoder read = tabular_encoder_from_json(json);
    const RawColumns row = {{"start", {"2023-04-15"}}, {"startDate", {"2024-11-08"}}};
    const Table table = Table::from_text({{"start", {"2023-04-15"}}, {"startDate", {"2024-11-08"}}});
    EXPECT_TRUE(at::equal(read.encode_columns(row)[0], dls.tabular().encode(table)[0]));
    EXPECT_TRUE(at::equal(read.encode_columns(row)[1], dls.tabular().encode(table)[1]));
}

TEST(TabularDates, without_a_prefix_are_told_apart_too) {
    const auto dls = TabularDataLoaders::from_table(sales({{"date", kSpring}, {"Date", kFall}}), options());
    EXPECT_THAT(dls.tabular_options().cont_names, ElementsAre("Elapsed", "DateElapsed"));
}

TEST(TabularDates, leave_the_names_of_other_columns_to_them) {
    const auto dls = TabularDataLoaders::from_table(
        sales({{"date", kSpring}, {"Year", {"a", "b", "c", "a"}}, {"day", kFall}, {"dayWeek", {"x", "x", "y", "y"}}}),
        options());
    EXPECT_THAT(dls.tabular_options().cont_names, ElementsAre("dateElapsed", "day_Elapsed"));
    EXPECT_THAT(dls.tabular_options().date_prefixes, ElementsAre(Pair("date", "date"), Pair("day", "day_")));
    EXPECT_THAT(dls.tabular().classes().at("Year").names(), ElementsAre("#na#", "a", "b", "c"));
}

TEST(TabularDates, with_a_prefix_that_is_given_must_not_take_a_name) {
    auto given = options();
    given.date_prefixes = {{"start", "begin"}};
    const auto dls = TabularDataLoaders::from_table(sales({{"start", kSpring}}), given);
    EXPECT_THAT(dls.tabular_options().cont_names, ElementsAre("beginElapsed"));
    EXPECT_THAT(message_of<UsageError>([&] {
                    TabularDataLoaders::from_table(sales({{"start", kSpring}, {"beginDay", kFall}}), given);
                }),
                HasSubstr("The date 'start' would become a column 'beginDay'"));
}

TEST(TabularDates, of_a_format_are_found_and_read) {
    const Table table = sales({{"sold", {"03/31/2023", "04/15/2023", "5/8/2023", "2023-06-08"}}});
    EXPECT_THAT(TabularDataLoaders::from_table(table, options()).tabular_options().date_names, IsEmpty());
    auto given = options();
    given.date_format = "%m/%d/%Y";
    const auto dls = TabularDataLoaders::from_table(table, given);
    EXPECT_THAT(dls.tabular_options().date_names, ElementsAre("sold"));
    EXPECT_THAT(dls.tabular().classes().at("soldMonth").names(), ElementsAre("#na#", "3", "4", "5", "6"));
    EXPECT_THAT(messages(dls), Not(Contains(HasSubstr("unreadable_dates"))));
    const TabularEncoder read =
        tabular_encoder_from_json(to_json(static_cast<const TabularEncoder&>(dls.tabular())));
    EXPECT_EQ(read.dates[0].format, "%m/%d/%Y");
    EXPECT_EQ(read.encode({{"sold", "05/08/2023"}})[0][0][1].item<int64_t>(), 3);
    given.date_format = "%d.%m.%Y";
    EXPECT_THAT(message_of<Error>([&] { TabularDataLoaders::from_table(table, given); }),
                HasSubstr("No column of the table has dates, of the format %d.%m.%Y or any other"));
    given.date_format = "%d. %B %Y";
    EXPECT_THAT(message_of<UsageError>([&] { TabularDataLoaders::from_table(table, given); }), HasSubstr("'%B'"));
}

TEST(TabularDates, that_are_none_are_missing_with_a_warning) {
    auto given = options();
    given.date_names = {"sold"};
    const Table table = sales({{"sold", {"2023-03-31", "NaT", "soon", "2023-06-08"}}});
    const auto dls = TabularDataLoaders::from_table(table, given);
    EXPECT_THAT(messages(dls),
                Contains(HasSubstr("unreadable_dates: row 3, column 'sold': 'soon' is not a date and is taken as missing, "
                                   "as is 1 other value of the column")));
    const Tensors inputs = dls.tabular().encode(table.head(4));
    EXPECT_TRUE(at::equal(inputs[0].select(1, 0), at::tensor({1, 0, 0, 1}, at::kLong)));  // the year
    EXPECT_EQ(dls.tabular().classes().count("soldElapsed_na"), 1U);
    EXPECT_TRUE(at::equal(inputs[0].select(1, inputs[0].size(1) - 1), at::tensor({1, 2, 2, 1}, at::kLong)));

    const Table valid = sales({{"sold", {"2023-03-31", "later", "never", "NaT"}}});
    auto without_splitter = given;
    without_splitter.splitter = {};
    EXPECT_THAT(messages(TabularDataLoaders::from_tables(table, valid, without_splitter)),
                Contains(HasSubstr("column 'sold' has 4 values that are no dates")));

    EncodingCounts counts;
    dls.tabular().encode(valid, &counts);
    EXPECT_THAT(counts.unreadable, ElementsAre(Pair("sold", 4)));
    EXPECT_THAT(counts.filled, IsEmpty());  // training had missing ones
    EncodingCounts of_row;
    dls.tabular().encode(RawRow{{"sold", "NaT"}}, &of_row);
    EXPECT_TRUE(of_row.empty());
    dls.tabular().encode(RawRow{{"sold", "31.12.2023"}}, &of_row);
    EXPECT_THAT(of_row.unreadable, ElementsAre(Pair("sold", 1)));

    EXPECT_THAT(message_of<Error>([&] {
                    TabularDataLoaders::from_table(sales({{"sold", {"", "03/31/2023", "05/08/2023", ""}}}), given);
                }),
                HasSubstr("row 2, column 'sold': '03/31/2023' is not a date, nor is any other value of the column; "
                          "dates are like 2024-01-31, with a time or without, or of a date format that is given"));
    EXPECT_EQ(message_of<Error>([&] {
                  TabularDataLoaders::from_table(sales({{"sold", {"", "NaT", "", ""}}}), given);
              }),
              "Column 'sold' has no date in the 8 rows; leave it out");
}

TEST(TabularDates, from_streamed_files_are_those_of_tables) {
    TemporaryFolder folder;
    const Table table = sales({{"start", {"2023-03-31", "soon", "05/08/2023", "2023-06-08 10:00+02"}},
                               {"startDate", kFall}});
    write_parquet(folder.path() / "sales.parquet", table);
    TabularOptions given{.y_names = {"y"},
                         .date_names = {"start", "startDate"},
                         .date_time = true,
                         .date_format = "%m/%d/%Y",
                         .batch_size = 4,
                         .valid_pct = 0};
    const auto streamed = TabularDataLoaders::from_parquet(folder.path() / "sales.parquet", given);
    given.splitter = index_splitter({});
    const auto whole = TabularDataLoaders::from_table(table, given);
    EXPECT_EQ(streamed.tabular().fitted(), whole.tabular().fitted());
    EXPECT_THAT(streamed.tabular_options().cont_names, ElementsAre("startElapsed", "startDateElapsed"));
    EXPECT_THAT(messages(streamed), Contains(HasSubstr("column 'start': 'soon' is not a date")));
}

}  // namespace dates_test
}  // namespace embark
