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
namespace date_parts_test {

using embark::testing::json_baseline;
using embark::testing::message_of;
using ::testing::AllOf;
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
    EXPECT_EQ(*date_parts("2021-04-05 06"), *date_parts("2021-04-05 06:00:00"));
    EXPECT_EQ(*date_parts("2021/04/05"), *date_parts("2021-04-05"));
    EXPECT_EQ(*date_parts(" 2021-04-05\t"), *date_parts("2021-04-05"));
}

TEST(DateParts, are_local_and_elapsed_is_of_utc) {
    for (const char* text : {"2023-04-01T00:30:00+02:00", "2023/04/01 00:30+0200", "2023-04-01 00:30:00.5+02",
                             "2023-04-01 00:30:00 +02:00"}) {
        const auto parts = date_parts(text);
        ASSERT_TRUE(parts) << text;
        EXPECT_THAT(*parts, ElementsAre(2023, 4, 13, 1, 5, 91, 0, 1, 0, 1, 0, 0, 0, 30, 0, 1680301800)) << text;
    }
    for (const char* text : {"2023-03-31 07:00:00Z", "2023-03-31 07:00:00+00:00", "2023-03-31 07:00:00 UTC"}) {
        EXPECT_EQ(*date_parts(text), *date_parts("2023-03-31 07:00:00")) << text;
    }
    EXPECT_EQ(date_parts("1969-12-31 20:00:00-0430")->back(), 1800);
    EXPECT_EQ(date_parts("1969-12-31 23:59:59.5")->back(), -1);  // as fastai's floor division
    EXPECT_DOUBLE_EQ(*date_seconds("1970-01-01 02:00:01.25+02"), 1.25);
}

TEST(DateParts, reads_a_format_that_is_given_beside_iso) {
    const auto same = [](const char* text, const char* format, const char* iso) {
        const auto parts = date_parts(text, format);
        ASSERT_TRUE(parts) << text << " by " << format;
        EXPECT_EQ(*parts, *date_parts(iso)) << text << " by " << format;
    };
    same("03/31/2023", "%m/%d/%Y", "2023-03-31");
    same("3/1/2023", "%m/%d/%Y", "2023-03-01");
    same("2023-03-31 10:00", "%m/%d/%Y", "2023-03-31 10:00");
    same("31.03.68", "%d.%m.%y", "2068-03-31");
    same("31.03.69", "%d.%m.%y", "1969-03-31");
    same("20230331", "%Y%m%d", "2023-03-31");
    same("Mar 31, 2023 12:05 am", "%b %d, %Y %I:%M %p", "2023-03-31 00:05");
    same("MAR 31, 2023 12:05 PM", "%b %d, %Y %I:%M %p", "2023-03-31 12:05");
    same("31/03/2023 07:08:09.123456", "%d/%m/%Y %H:%M:%S.%f", "2023-03-31 07:08:09");
    for (const char* text : {"31/03/2023", "02/29/2023", "03/31/23", "03-31-2023", "03/31/2023 ", "x03/31/2023", ""}) {
        EXPECT_EQ(date_parts(text, "%m/%d/%Y").has_value(), std::string_view(text) == "03/31/2023 ") << text;
    }
    EXPECT_FALSE(date_parts("31/03/2023 24:00", "%d/%m/%Y %H:%M"));
    EXPECT_FALSE(date_parts("03/31/2023"));
}

TEST(DateParts, names_what_is_wrong_with_a_format) {
    const auto refused = [](const char* format) {
        return message_of<UsageError>([&] { require_date_format(format); });
    };
    EXPECT_EQ(refused("%d %B %Y"),
              "The date format '%d %B %Y' has '%B', which is not one of %Y, %y, %m, %b, %d, %H, %I with %p, %M, %S, %f "
              "and %%");
    EXPECT_THAT(refused("%d/%m/%Y %"), HasSubstr("has '%', which is not"));
    EXPECT_THAT(refused("%d/%m/%Y %z"), HasSubstr("has '%z'"));
    for (const char* format : {"", "%Y", "%m/%d", "%d/%m/%y/%Y", "%d/%m/%b/%Y", "dd/mm/yyyy"}) {
        EXPECT_THAT(refused(format), HasSubstr("needs a year, a month and a day, each once")) << format;
    }
    for (const char* format : {"%d/%m/%Y %I:%M", "%d/%m/%Y %H:%M %p", "%d/%m/%Y %H:%H", "%d/%m/%Y %H%I%p"}) {
        EXPECT_THAT(refused(format), HasSubstr("has a part of the time twice, or %I without %p")) << format;
    }
}

TEST(DateParts, reads_nothing_else) {
    for (const char* text : {"",
                             "2021",
                             "2021-4-5",
                             "2021-04-5",
                             "2021/04-05",
                             "20210405",
                             "05.04.2021",
                             "2021-02-29",
                             "2021-13-01",
                             "2021-00-01",
                             "2021-01-00",
                             "2021-04-31",
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
                             "2021-04-05 06:07:08+1:00",
                             "2021-04-05 06:07:08+24:00",
                             "2021-04-05 06:07:08 CET",
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
    expect_day(arrow::timestamp(arrow::TimeUnit::MICRO, "+02:00"), "2024-01-31 11:45:59Z");
}

TEST(AddDatepart, takes_timestamps_with_a_zone_by_its_clocks) {
    for (const auto unit : {arrow::TimeUnit::SECOND, arrow::TimeUnit::MILLI, arrow::TimeUnit::MICRO,
                            arrow::TimeUnit::NANO}) {
        // Midnights of Berlin in winter and in summer.
        arrow::TimestampBuilder builder(arrow::timestamp(unit, "Europe/Berlin"), arrow::default_memory_pool());
        int64_t second = 1;
        for (int i = 0; i < static_cast<int>(unit); ++i) second *= 1000;
        ASSERT_TRUE(builder.AppendValues({1706655600 * second, 1719784800 * second}).ok());
        ASSERT_TRUE(builder.AppendNull().ok());
        const auto values = builder.Finish().ValueOrDie();
        const Table table(arrow::Table::Make(arrow::schema({arrow::field("when", values->type())}), {values}));
        EXPECT_EQ(table.type("when"), ColumnType::date);
        const Table parts = add_datepart(table, "when", {.time = true});
        EXPECT_THAT(parts.text("whenMonth"), ElementsAre("1", "7", ""));
        EXPECT_THAT(parts.text("whenDay"), ElementsAre("31", "1", ""));
        EXPECT_THAT(parts.text("whenHour"), ElementsAre("0", "0", ""));
        EXPECT_THAT(parts.text("whenElapsed"), ElementsAre("1706655600", "1719784800", ""));
    }
    const auto nowhere = arrow::MakeArrayFromScalar(arrow::TimestampScalar(0, arrow::timestamp(arrow::TimeUnit::SECOND,
                                                                                              "Nowhere/At")), 1);
    const Table table(arrow::Table::Make(arrow::schema({arrow::field("when", nowhere.ValueOrDie()->type())}),
                                         {nowhere.ValueOrDie()}));
    EXPECT_THAT(message_of<Error>([&] { add_datepart(table, "when"); }),
                AllOf(HasSubstr("column 'when'"), HasSubstr("Nowhere/At"), Not(HasSubstr("\n"))));
}

TEST(AddDatepart, counts_what_is_not_a_date_where_it_is_told_to) {
    const Table table = dates({"2024-01-31", "soon", "", "NaT", "soon", "later", "02/28/2024"});
    UnreadableDates unreadable;
    const Table parts = add_datepart(table, "date", {.format = "%m/%d/%Y"}, &unreadable);
    EXPECT_EQ(unreadable.count, 3);
    EXPECT_THAT(unreadable.first, AllOf(HasSubstr("row 2"), HasSubstr("'soon'")));
    EXPECT_THAT(parts.text("Month"), ElementsAre("1", "", "", "", "", "", "2"));
    EXPECT_THAT(parts.text("Elapsed"), ElementsAre("1706659200", "", "", "", "", "", "1709078400"));
    EXPECT_THAT(message_of<Error>([&] { add_datepart(table, "date", {.format = "%m/%d/%Y"}); }),
                HasSubstr("row 2, column 'date': 'soon' is not a date; dates are like 2024-01-31, with a time or "
                          "without, or of the format %m/%d/%Y"));
}

TEST(TableType, knows_the_dates_that_date_parts_reads) {
    EXPECT_EQ(dates({"2023-03-31 07:00:00+00:00", "2023/01/15", "NaT", "2023-03-31T07"}).type("date"),
              ColumnType::date);
    EXPECT_EQ(dates({"03/31/2023", "2023-01-15"}).type("date"), ColumnType::text);
}

TEST(AddDatepart, names_the_row_that_has_no_date) {
    embark::testing::TemporaryFolder folder;
    const Table table = read_csv(folder.write("sales.csv", "id,date\n1,2024-01-31\n2,soon\n"));
    EXPECT_EQ(message_of<Error>([&] { add_datepart(table, "date"); }),
              (folder.path() / "sales.csv").string() +
                  ", row 2 (line 3), column 'date': 'soon' is not a date; dates are like 2024-01-31, with a time or "
                  "without, or of a date format that is given");
    EXPECT_THAT(message_of<Error>([&] { add_datepart(table, "dat"); }), HasSubstr("did you mean 'date'"));
}

}  // namespace date_parts_test
}  // namespace embark
