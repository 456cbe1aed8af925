// What columns are taken for by the looks of their values, and what is said where that is not settled.
#include <embark/core/error.h>
#include <embark/data/csv/csv.h>
#include <embark/data/table/column_look.h>

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace column_look_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

/// A column x of `n` times `value`, with `others` put into its first rows.
Table column_of(const std::string& value, int n, const std::vector<std::string>& others) {
    std::vector<std::string> values(static_cast<size_t>(n), value);
    std::copy(others.begin(), others.end(), values.begin());
    return Table::from_text({{"x", values}});
}

TEST(ColumnLook, counts_rows_missing_and_distinct_values) {
    const Table table =
        Table::from_text({{"x", {"1", "2", "", "NA", "?", "2"}}, {"c", {"a", "NA", "", "b", "b", "?"}}});
    const ColumnLook x = look_at(table, "x");
    EXPECT_EQ(x.type, ColumnType::integer);
    EXPECT_EQ(x.rows, 6);
    EXPECT_EQ(x.missing, 3);
    EXPECT_EQ(x.distinct, 2);
    EXPECT_THAT(x.missing_words, ElementsAre(Pair("?", 1), Pair("NA", 1)));
    const ColumnLook c = look_at(table, "c");
    EXPECT_EQ(c.type, ColumnType::text);
    EXPECT_EQ(c.missing, 1) << "words are values of a column of text";
    EXPECT_EQ(c.distinct, 4);
    EXPECT_THAT(message_of<Error>([&] { look_at(table, "y"); }), HasSubstr("no column 'y'"));
}

TEST(ColumnLook, words_for_missing_numbers_may_have_any_capitals) {
    const Table table = column_of(
        "1.5", 30, {"na", "n/A", "<na>", "nAn", "NAT", "none", "Null", "\\N", ".", "-", "?", "#n/a"});
    const ColumnLook look = look_at(table, "x");
    EXPECT_EQ(look.type, ColumnType::number);
    EXPECT_EQ(look.missing, 12);
    EXPECT_EQ(look.odd, 0);
    EXPECT_EQ(table.numbers("x").isnan().sum().item<int64_t>(), 12);
}

TEST(ColumnLook, one_value_of_twenty_may_be_odd_and_is_named) {
    for (const std::string odd : {"abc", "1e400", "1_000", "5%", "x", "true", "2024-01-31"}) {
        const ColumnLook look = look_at(column_of("7", 20, {"1", odd}), "x");
        EXPECT_EQ(look.type, ColumnType::integer) << odd;
        EXPECT_EQ(look.odd, 1);
        EXPECT_EQ(look.first_odd_row, 1);
        EXPECT_EQ(look.first_odd, odd);
        EXPECT_EQ(look_at(column_of("7", 19, {"1", odd}), "x").type, ColumnType::text) << odd;
    }
    EXPECT_EQ(look_at(column_of("7", 20, {"0.5", "abc"}), "x").type, ColumnType::number);
    const ColumnLook dates = look_at(column_of("2024-01-31", 40, {"soon", "later"}), "x");
    EXPECT_EQ(dates.type, ColumnType::date);
    EXPECT_EQ(dates.odd, 2);
}

TEST(ColumnLook, a_code_makes_a_column_text_and_an_odd_value_among_booleans_is_an_error) {
    EXPECT_EQ(look_at(column_of("7", 1000, {"007"}), "x").type, ColumnType::text);
    EXPECT_EQ(look_at(column_of("7", 19, {"007"}), "x").codes, 0) << "one of 19 is more than 5 %";
    for (const char* code : {"007", "99999999999999999999"}) {
        const Table few = column_of("7", 20, {"1", code});
        EXPECT_EQ(look_at(few, "x").codes, 1);
        EXPECT_THAT(message_of<Error>([&] { require_settled(few, "x", look_at(few, "x"), "--cat x"); }),
                    AllOf(HasSubstr("row 2"), HasSubstr(code), HasSubstr("--cat x")));
    }
    EXPECT_EQ(look_at(column_of("7", 1000, {"9223372036854775808"}), "x").type, ColumnType::text);
    const Table odd = column_of("true", 1000, {"False", "maybe"});
    EXPECT_EQ(look_at(odd, "x").type, ColumnType::boolean);
    EXPECT_THAT(message_of<Error>([&] { require_settled(odd, "x", look_at(odd, "x"), "--cat x"); }),
                HasSubstr("row 2, column 'x': 'maybe' is neither true nor false, as 999 of the column's 1000 values"));
    EXPECT_EQ(look_at(column_of("true", 10, {"maybe"}), "x").type, ColumnType::text);
    EXPECT_EQ(look_at(column_of("true", 1000, {"False", "?"}), "x").type, ColumnType::boolean);
}

TEST(ColumnLook, an_odd_value_is_an_error_that_says_what_can_be_given) {
    const Table table = column_of("7", 100, {"1", "#DIV/0!"});
    const auto refusal = [&](const Table& refused) {
        return message_of<Error>([&] { require_settled(refused, "x", look_at(refused, "x"), "--cat x"); });
    };
    EXPECT_THAT(refusal(table),
                AllOf(HasSubstr("row 2, column 'x': '#DIV/0!' is not a number, as 99 of the column's 100 values are"),
                      HasSubstr("--missing"), HasSubstr("--thousands"), HasSubstr("--decimal"), HasSubstr("--cat x")));
    const Table good = column_of("7", 100, {"1", "NA"});
    require_settled(good, "x", look_at(good, "x"), "--cat x");
    EXPECT_THAT(message_of<Error>([&] { table.numbers("x"); }), HasSubstr("row 2, column 'x': '#DIV/0!'"));
}

std::string offer_for(const std::vector<std::string>& values) {
    return look_at(Table::from_text({{"x", values}}), "x").offer;
}

TEST(ColumnLook, offers_what_would_make_texts_numbers) {
    EXPECT_THAT(offer_for({"$1,200.00", "$5.10", "7"}), HasSubstr("--thousands ',' --strip '$'"));
    EXPECT_THAT(offer_for({"2,813", "1,000,000"}), HasSubstr("--thousands ','"));
    EXPECT_THAT(offer_for({"2,813", "1,000"}), HasSubstr("or --decimal ','"));
    EXPECT_EQ(offer_for({"3,5", "12,25"}), "--decimal ','");
    EXPECT_EQ(offer_for({"1.234,5", "2.000,25"}), "--thousands '.' --decimal ','");
    EXPECT_EQ(offer_for({"5%", "10 %"}), "--strip '%'");
    EXPECT_EQ(offer_for({"(5)", "7"}), "--strip '()'");
    EXPECT_EQ(offer_for({"1 000", "25 000"}), "--thousands ' '");
    EXPECT_EQ(offer_for({"1'000"}), "--thousands \"'\"");
    for (const char* other : {"a", "007", "1,20,3", "2024-01-31", "1.2.3", "12:30", "(5", "$", "?", ""}) {
        EXPECT_THAT(offer_for({other}), IsEmpty()) << other;
    }
    EXPECT_THAT(offer_for({"007", "1,000"}), IsEmpty());
    const Table table = Table::from_text({{"x", {"7", "1,200"}}});
    EXPECT_THAT(message_of<Error>([&] { require_settled(table, "x", look_at(table, "x"), "--cat x"); }),
                AllOf(HasSubstr("row 2, column 'x': '1,200' is a number in a form that is not guessed"),
                      HasSubstr("--thousands ','"), HasSubstr("--cat x")));
}

class ColumnLookOfCsv : public ::testing::Test {
protected:
    Table read(const std::string& content, const CsvOptions& options = {}) const {
        return read_csv(folder_.write("file.csv", content), options);
    }
    std::string refusal(const std::string& content, const CsvOptions& options) const {
        return message_of<Error>([&] { read(content, options).numbers("x"); });
    }

    TemporaryFolder folder_;
};

TEST_F(ColumnLookOfCsv, the_usual_words_are_missing_in_every_column_and_counted) {
    const Table table = read("x,c\n1,a\nNA,NA\n\"null\",nan\n,none\n?,n/a\n2,n/a\n");
    EXPECT_THAT(table.text("c"), ElementsAre("a", "", "", "none", "", ""));
    EXPECT_THAT(look_at(table, "c").missing_words, ElementsAre(Pair("NA", 1), Pair("n/a", 2), Pair("nan", 1)));
    const ColumnLook x = look_at(table, "x");
    EXPECT_THAT(x.missing_words, ElementsAre(Pair("?", 1), Pair("NA", 1), Pair("null", 1)));
    EXPECT_EQ(x.missing, 4);
    EXPECT_EQ(look_at(table.rename("x", "z"), "z").missing_words, x.missing_words);
}

TEST_F(ColumnLookOfCsv, words_that_are_named_replace_the_usual_ones) {
    const Table table = read("x,c\n1,a\n-9,-9\n2,NA\n", {.missing_values = {"-9"}});
    EXPECT_THAT(table.text("c"), ElementsAre("a", "", "NA"));
    EXPECT_EQ(look_at(table, "x").missing, 1);
    for (const char* word : {"NA", "nan", "?", "-"}) {
        const std::string content = "x\n1\n" + std::string(word) + "\n";
        const std::string expected = concat("row 2 (line 3), column 'x': '", word, "' is not a number");
        EXPECT_THAT(refusal(content, {.missing_values = {"-9"}}), HasSubstr(expected));
        EXPECT_THAT(refusal(content, {.missing_values = {}}), HasSubstr("is not a number"));
    }
    EXPECT_TRUE(std::isnan(read("x,y\n1,1\n,1\n", {.missing_values = {}}).numbers("x")[1].item<double>()));
}

TEST_F(ColumnLookOfCsv, numbers_in_the_form_that_was_named_are_read_as_such) {
    const CsvOptions money = {.thousands = ',', .strip = "$€%()−"};
    const Table table = read("x,c\n\"$1,200.50\",\"1,5\"\n€ 7,b\n5 %,c\n(12),d\n−3,e\n-$4,f\nNA,g\n1e3,h\n", money);
    EXPECT_THAT(table.text("c").front(), "1,5") << "a column of text stays as it was";
    const at::Tensor numbers = table.numbers("x");
    EXPECT_TRUE(at::equal(numbers.slice(0, 0, 6), at::tensor({1200.5, 7., 5., -12., -3., -4.}, at::kDouble)));
    EXPECT_TRUE(std::isnan(numbers[6].item<double>()));
    EXPECT_EQ(numbers[7].item<double>(), 1000);
    EXPECT_EQ(read("x\n\"1,200\"\n", {.text_columns = {"x"}, .thousands = ','}).text("x").front(), "1,200");
    const CsvOptions german = {.delimiter = ';', .thousands = '.', .decimal = ','};
    EXPECT_EQ(read("x;y\n1.234,5;1\n", german).numbers("x").item<double>(), 1234.5);
    EXPECT_EQ(read("x\n1\xC2\xA0""234\n", {.thousands = ' '}).numbers("x").item<double>(), 1234);
}

TEST_F(ColumnLookOfCsv, a_point_where_the_comma_is_the_decimal_point_is_an_error) {
    EXPECT_THAT(message_of<Error>([&] { read("x;y\n1,5;1\n1.5;2\n", {.delimiter = ';', .decimal = ','}); }),
                AllOf(HasSubstr("row 2 (line 3), column 'x': '1.5'"), HasSubstr("--thousands")));
    EXPECT_THAT(message_of<Error>([&] { read("x;y\n1.5;1\n", {.delimiter = ';', .decimal = ','}); }),
                HasSubstr("row 1 (line 2), column 'x': '1.5'"));
}

TEST_F(ColumnLookOfCsv, forms_that_cannot_be_are_usage_errors) {
    for (const CsvOptions& options :
         {CsvOptions{.thousands = '.'}, CsvOptions{.decimal = '5'}, CsvOptions{.strip = "$-"},
          CsvOptions{.thousands = ',', .strip = ","}, CsvOptions{.thousands = 'e'}}) {
        EXPECT_THROW(read("x\n1\n", options), UsageError);
    }
}

TEST_F(ColumnLookOfCsv, delimiters_may_be_several_characters_or_blanks) {
    const std::string content = "a::b\r\n\"x::\"\"y\"\"\"::2\r\n:::3\r\n";
    const Table table = read(content, {.delimiter = "::"});
    EXPECT_THAT(table.text("a"), ElementsAre("x::\"y\"", ""));
    EXPECT_THAT(table.text("b"), ElementsAre("2", ":3"));
    const Table blanks = read("  a \t b\n1 2  \n\n\t\"3  4\"   5\n", {.delimiter = CsvDelimiter::whitespace()});
    EXPECT_THAT(blanks.text("a"), ElementsAre("1", "3  4"));
    EXPECT_THAT(blanks.text("b"), ElementsAre("2", "5"));
    const std::string apart(3 << 20, ' ');
    const Table far_apart = read("a b\n1" + apart + "2\n", {.delimiter = CsvDelimiter::whitespace()});
    EXPECT_THAT(far_apart.text("b"), ElementsAre("2"));
    EXPECT_THAT(message_of<Error>([&] { read("a::b\n1::\x1f\n", {.delimiter = "::"}); }),
                AllOf(HasSubstr("line 2"), HasSubstr("U+001F")));
    EXPECT_THAT(message_of<Error>([&] { read("a::b\n1::2::3\n", {.delimiter = "::"}); }),
                HasSubstr("row 1 (line 2): 3 columns"));
    EXPECT_THROW(read("a\n1\n", {.delimiter = "a\n"}), UsageError);
    // Over many blocks a delimiter is cut somewhere.
    std::string lines = "a::b\n";
    for (int i = 0; i < 300000; ++i) lines += std::to_string(i) + "::" + std::to_string(2 * i) + "\n";
    EXPECT_EQ(read(lines, {.delimiter = "::"}).numbers("b").sum().item<double>(), 300000. * 299999.);
}

TEST_F(ColumnLookOfCsv, files_of_other_kinds_are_refused_by_their_first_bytes) {
    using namespace std::string_literals;
    const auto refused = [&](const std::string& content) { return message_of<Error>([&] { read(content); }); };
    EXPECT_THAT(refused("\xfd""7zXZ\0"s), AllOf(HasSubstr("xz -d "), HasSubstr("file.csv")));
    EXPECT_THAT(refused("PK\x03\x04..."), HasSubstr("unzip "));
    EXPECT_THAT(refused("SQLite format 3\0"s), HasSubstr("SQLite"));
    EXPECT_THAT(refused("\xd0\xcf\x11\xe0"), HasSubstr("spreadsheet"));
    EXPECT_THAT(refused("PAR1\x15"), HasSubstr("Parquet"));
    EXPECT_THAT(read("PAR1,BZh\n1,2\n").names(), ElementsAre("PAR1", "BZh"));
    EXPECT_THAT(read("BZh,b\n1,2\n").names(), ElementsAre("BZh", "b"));
}

}  // namespace column_look_test
}  // namespace embark
