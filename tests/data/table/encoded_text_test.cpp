// Columns whose values come again and again, which a table keeps as numbers into a dictionary. Nothing but the memory
// that they take may tell them from others.
#include <embark/core/error.h>
#include <embark/data/csv/csv.h>
#include <embark/data/table/table.h>
#include <embark/data/tabular/vocabulary_columns.h>

#include <cmath>

#include <ATen/ATen.h>
#include <arrow/api.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace encoded_text_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

bool is_encoded(const Table& table, const std::string& column) {
    return table.column(column)->type()->id() == arrow::Type::DICTIONARY;
}

/// `n` lines that repeat the lines given.
std::string repeated(const std::vector<std::string>& lines, int n) {
    std::string content = "a,b\n";
    for (int i = 0; i < n; ++i) content += lines[static_cast<size_t>(i) % lines.size()] + "\n";
    return content;
}

class EncodedText : public ::testing::Test {
protected:
    Table read(const std::string& content, const CsvOptions& options = {}) const {
        return read_csv(folder_.write("file.csv", content), options);
    }

    TemporaryFolder folder_;
};

TEST_F(EncodedText, is_kept_where_values_come_again_and_again) {
    std::string content = "id,colour\n";
    for (int i = 0; i < 100; ++i) content += std::to_string(i) + (i % 2 == 0 ? ",red\n" : ",\n");
    const Table table = read(content);
    EXPECT_FALSE(is_encoded(table, "id"));
    EXPECT_TRUE(is_encoded(table, "colour"));
    EXPECT_EQ(table.text("id").at(99), "99");
    EXPECT_THAT(table.head(3).text("colour"), ElementsAre("red", "", "red"));
}

TEST_F(EncodedText, knows_numbers_again_that_once_were_too_large) {
    // A few large ones, then enough others that these are looked up as numbers too, and all once more.
    std::vector<std::string> numbers = {"9999999", "70000", "1000000", "5000000"};
    for (int i = 0; i < 90'000; ++i) numbers.push_back(std::to_string(7 * i));
    std::string content = "id\n";
    for (int repeat = 0; repeat < 3; ++repeat) {
        for (const std::string& number : numbers) content += number + "\n";
    }
    const Table table = read(content, {.missing_values = {"1000000", "9999999"}});
    ASSERT_TRUE(is_encoded(table, "id"));
    const auto fitted = fit_vocabulary(table, "id", at::arange(table.rows()));
    EXPECT_EQ(fitted.size(), 1 + 2 + 90'000 - 1) << "70000 is a multiple of 7";
    const std::vector<std::string> texts = table.text("id");
    for (size_t i = 0; i < texts.size(); ++i) {
        const std::string& number = numbers[i % numbers.size()];
        ASSERT_EQ(texts[i], number == "1000000" || number == "9999999" ? "" : number) << "row " << i;
    }
}

TEST_F(EncodedText, tells_texts_of_all_sizes_apart) {
    // Alike but for one byte, at each place of texts of each size; of digits and of letters, numbers and none.
    std::vector<std::string> values;
    for (const char* letters : {"1234567890123456789", "abcdefghijklmnopqrs"}) {
        for (size_t size = 1; size < 20; ++size) {
            const std::string text(letters, size);
            values.push_back(text);
            for (size_t i = 0; i < size; ++i) {
                values.push_back(text);
                values.back()[i] = '_';
            }
        }
    }
    std::vector<std::string> twice = values;
    twice.insert(twice.end(), values.rbegin(), values.rend());
    std::string content = "x,y\n";
    for (const std::string& value : twice) content += value + ",y\n";
    const Table table = read(content);
    ASSERT_TRUE(is_encoded(table, "x"));
    EXPECT_EQ(table.text("x"), twice);
}

TEST_F(EncodedText, has_every_value_of_a_file_of_many_blocks_in_its_row) {
    // Beyond the first block the values are others: what was found out there must not bind what follows.
    constexpr int kRows = 400000;
    std::string content = "x\n";
    for (int i = 0; i < kRows; ++i) content += (i < kRows / 2 ? "once" : "number " + std::to_string(i)) + "\n";
    const Table table = read(content);
    ASSERT_TRUE(is_encoded(table, "x"));
    const auto values = table.text("x");
    ASSERT_EQ(values.size(), kRows);
    for (int i = 0; i < kRows; ++i) ASSERT_EQ(values[i], i < kRows / 2 ? "once" : "number " + std::to_string(i));
    EXPECT_EQ(fit_vocabulary(table, "x", at::arange(kRows)).size(), kRows / 2 + 2);
}

TEST_F(EncodedText, values_that_differ_by_spaces_alone_become_one) {
    const Table table =
        read(repeated({" x,1", "x ,2", " NA , 1 ", "y,"}, 400), {.missing_values = {"NA"}, .trim_spaces = true});
    ASSERT_TRUE(is_encoded(table, "a"));
    EXPECT_THAT(table.head(4).text("a"), ElementsAre("x", "x", "", "y"));
    EXPECT_THAT(fit_vocabulary(table, "a", at::arange(400)).names(), ElementsAre("#na#", "x", "y"));
    EXPECT_EQ(table.numbers("b")[2].item<double>(), 1);
    EXPECT_TRUE(std::isnan(table.numbers("b")[3].item<double>()));
}

TEST_F(EncodedText, of_missing_values_alone) {
    const Table table = read(repeated({",1"}, 100), {.trim_spaces = true});
    EXPECT_THAT(table.text("a"), Each(""));
    EXPECT_EQ(table.type("a"), ColumnType::text);
    EXPECT_TRUE(table.numbers("a").isnan().all().item<bool>());
}

TEST_F(EncodedText, has_the_type_of_the_rows_that_are_left) {
    std::string content = "x\n";
    for (int i = 0; i < 100; ++i) content += i < 50 ? "7\n" : "seven\n";
    const Table table = read(content);
    ASSERT_TRUE(is_encoded(table, "x"));
    EXPECT_EQ(table.type("x"), ColumnType::text);
    // Not even the name in the header, which was read as a value once, is left.
    EXPECT_EQ(table.head(50).type("x"), ColumnType::integer);
    EXPECT_EQ(table.take(at::arange(50)).type("x"), ColumnType::integer);
    EXPECT_EQ(table.head(50).numbers("x").sum().item<double>(), 350);
    EXPECT_THAT(fit_vocabulary(table.head(50), "x", at::arange(50)).names(), ElementsAre("#na#", "7"));
}

TEST_F(EncodedText, a_value_that_is_no_number_is_named_with_its_first_row) {
    const Table table = read(repeated({"x,1", "x,2", "x,two", "x,three"}, 100));
    EXPECT_THAT(message_of<Error>([&] { table.numbers("b"); }),
                EndsWith("row 3 (line 4), column 'b': 'two' is not a number"));
    const Table reversed = table.take(99 - at::arange(100));
    EXPECT_THAT(message_of<Error>([&] { reversed.numbers("b"); }),
                HasSubstr("row 100 (line 101), column 'b': 'three'"));
}

TEST_F(EncodedText, is_joined_and_joined_on) {
    const Table left = read(repeated({"x,1", "y,2", "z,3", ",4"}, 40));
    const Table right = Table::from_text({{"a", {"z", "x"}}, {"c", {"last", "first"}}});
    EXPECT_THAT(left.join(right, "a").head(4).text("c"), ElementsAre("first", "", "last", ""));
    EXPECT_EQ(left.join(right, "a", JoinHow::inner).rows(), 20);
    const Table keys = Table::from_text({{"b", {"3", "1"}}, {"d", {"three", "one"}}});
    EXPECT_THAT(left.join(keys, "b").head(4).text("d"), ElementsAre("one", "", "three", ""));
}

TEST_F(EncodedText, a_dictionary_with_a_missing_value_is_read_as_its_rows_say) {
    // As other programs write them; ours have no such dictionary.
    arrow::StringBuilder texts;
    ASSERT_TRUE(texts.Append("x").ok() && texts.AppendNull().ok());
    arrow::Int32Builder codes;
    ASSERT_TRUE(codes.AppendValues({0, 1, 0}).ok());
    const auto array = arrow::DictionaryArray::FromArrays(*codes.Finish(), *texts.Finish()).ValueOrDie();
    const Table table = Table::of_rows(3).with_column("a", std::make_shared<arrow::ChunkedArray>(array));
    EXPECT_THAT(table.text("a"), ElementsAre("x", "", "x"));
    EXPECT_THAT(fit_vocabulary(table, "a", at::arange(3)).names(), ElementsAre("#na#", "x"));
}

}  // namespace encoded_text_test
}  // namespace embark
