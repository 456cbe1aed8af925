#include <embark/data/csv/csv.h>
#include <embark/data/table/date_parts.h>

#include <embark/core/error.h>

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <arrow/api.h>
#include <gmock/gmock.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace {

using embark::testing::json_baseline;
using embark::testing::message_of;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Not;

Table dates(const std::vector<std::string>& values, const std::string& name = "date") {
    return Table::from_text({{"id", std::vector<std::string>(values.size(), "x")}, {name, values}});
}

TEST(DateParts, takes_a_date_apart) {
    const DateParts last_of_2024 = *date_parts("2024-12-31 23:59:58");
    EXPECT_THAT(last_of_2024, ElementsAre(2024, 12, 1, 31, 1, 366, 1, 0, 1, 0, 1, 0, 23, 59, 58, 1735689598));
    EXPECT_THAT(*date_parts("1970-01-01"), ElementsAre(1970, 1, 1, 1, 3, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0));
}

TEST(DateParts, reads_iso_dates_with_and_without_times) {
    for (const char* text :
         {"2021-04-05T06:07:08", "2021-04-05 06:07:08Z", "2021-04-05T06:07:08.9", "2021-04-05 06:07:08.123456789Z"}) {
        ASSERT_TRUE(date_parts(text)) << text;
        EXPECT_EQ(*date_parts(text), *date_parts("2021-04-05 06:07:08")) << text;
    }
    EXPECT_EQ(*date_parts("2021-04-05T06:07"), *date_parts("2021-04-05 06:07:00"));
}

TEST(DateParts, reads_nothing_else) {
    for (const char* text : {"",
                             "2021",
                             "2021-4-5",
                             "2021-04-5",
                             "2021/04/05",
                             "05.04.2021",
                             "2021-02-29",
                             "2021-13-01",
                             "2021-00-01",
                             "2021-01-00",
                             "2021-04-31",
                             "2021-04-05 ",
                             " 2021-04-05",
                             "2021-04-05x",
                             "2021-04-05T",
                             "2021-04-05 6:07",
                             "2021-04-05 24:00",
                             "2021-04-05 06:60",
                             "2021-04-05 06:07:60",
                             "2021-04-05 06:07:",
                             "2021-04-05 06:07:08.",
                             "2021-04-05 06:07:08.x",
                             "2021-04-05 06:07:08,5",
                             "2021-04-05Z",
                             "2021-04-05 Z",
                             "2021-04-05 06:07:08+01:00",
                             "２021-04-05",
                             "-021-04-05",
                             "+2021-04-05"}) {
        EXPECT_FALSE(date_parts(text)) << text;
    }
}

TEST(AddDatepart, agrees_with_fastai) {
    const auto baseline = json_baseline("date_parts.json");
    const auto texts = baseline.at("dates").get<std::vector<std::string>>();
    const Table table = add_datepart(dates(texts, "saleDate"), "saleDate", {.time = true});
    const auto columns = baseline.at("columns").get<std::map<std::string, std::vector<double>>>();
    EXPECT_EQ(columns.size(), kDatePartNames.size());
    for (const auto& [name, expected] : columns) {
        const at::Tensor numbers = table.numbers(name);
        for (size_t row = 0; row < texts.size(); ++row) {
            EXPECT_EQ(numbers[static_cast<int64_t>(row)].item<double>(), expected[row]) << name << " of " << texts[row];
        }
    }
    std::vector<std::string> names = {"id"};
    for (const auto& name : baseline.at("names")) names.push_back(name);
    EXPECT_THAT(table.names(), ElementsAreArray(names));
}

TEST(AddDatepart, names_its_columns_as_fastai_does) {
    const auto names = [](const std::string& column, const DatePartOptions& options) {
        return add_datepart(dates({"2024-01-31"}, column), column, options).names();
    };
    EXPECT_THAT(names("saledate", {}), Contains("saleYear"));
    EXPECT_THAT(names("saleDate", {}), Contains("saleYear"));
    EXPECT_THAT(names("date", {}), Contains("Year"));
    EXPECT_THAT(names("dated", {}), Contains("datedYear"));
    EXPECT_THAT(names("date", {.prefix = "on "}), Contains("on Year"));
    EXPECT_THAT(names("date", {}), Not(Contains("date")));
    EXPECT_THAT(names("date", {.drop = false}), Contains("date"));
    EXPECT_THAT(names("date", {}), Not(Contains("Hour")));
    EXPECT_THAT(names("date", {.time = true}), Contains("Hour"));
}

TEST(AddDatepart, says_which_columns_are_categories) {
    const auto columns = date_part_columns("saledate", {.time = true});
    EXPECT_EQ(columns.categories.size(), 15u);
    EXPECT_EQ(columns.categories.front(), "saleYear");
    EXPECT_THAT(columns.numbers, ElementsAre("saleElapsed"));
    EXPECT_EQ(date_part_columns("saledate").categories.size(), 12u);
}

TEST(AddDatepart, keeps_types_and_leaves_missing_what_is_missing) {
    const Table table = add_datepart(dates({"2024-01-31", "", "NA"}), "date");
    EXPECT_EQ(table.type("Is_month_end"), ColumnType::boolean);
    EXPECT_EQ(table.type("Year"), ColumnType::integer);
    EXPECT_EQ(table.type("Elapsed"), ColumnType::integer);
    EXPECT_THAT(table.text("Year"), ElementsAre("2024", "", ""));
    EXPECT_THAT(table.text("Is_month_end"), ElementsAre("true", "", ""));
    EXPECT_TRUE(std::isnan(table.numbers("Elapsed")[1].item<double>()));
}

TEST(AddDatepart, takes_the_dates_and_timestamps_of_arrow) {
    const auto expect_day = [](const std::shared_ptr<arrow::DataType>& type, const std::string& value) {
        arrow::ArrayVector arrays = {
            arrow::MakeArrayFromScalar(*arrow::Scalar::Parse(type, value).ValueOrDie(), 2).ValueOrDie()};
        const Table table(arrow::Table::Make(arrow::schema({arrow::field("date", type)}), arrays));
        const Table parts = add_datepart(table, "date", {.time = true});
        EXPECT_THAT(parts.text("Year"), ElementsAre("2024", "2024")) << type->ToString();
        EXPECT_THAT(parts.text("Day"), ElementsAre("31", "31")) << type->ToString();
        EXPECT_THAT(parts.text("Hour").front(), value.size() > 10 ? "13" : "0") << type->ToString();
    };
    expect_day(arrow::date32(), "2024-01-31");
    expect_day(arrow::date64(), "2024-01-31");
    expect_day(arrow::timestamp(arrow::TimeUnit::SECOND), "2024-01-31 13:45:59");
    expect_day(arrow::timestamp(arrow::TimeUnit::NANO), "2024-01-31 13:45:59.5");
    expect_day(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "2024-01-31 13:45:59Z");
    expect_day(arrow::timestamp(arrow::TimeUnit::MICRO, "+02:00"), "2024-01-31 13:45:59Z");
}

TEST(AddDatepart, names_the_row_that_has_no_date) {
    embark::testing::TemporaryFolder folder;
    const Table table = read_csv(folder.write("sales.csv", "id,date\n1,2024-01-31\n2,soon\n"));
    EXPECT_EQ(message_of<Error>([&] { add_datepart(table, "date"); }),
              (folder.path() / "sales.csv").string() +
                  ", row 2 (line 3), column 'date': 'soon' is not a date; dates are like 2024-01-31, with a time or "
                  "without");
    EXPECT_THAT(message_of<Error>([&] { add_datepart(table, "dat"); }), HasSubstr("did you mean 'date'"));
}

}  // namespace
}  // namespace embark
