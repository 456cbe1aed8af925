// Files without quotes are cut at any line, in all others line breaks inside values are looked for. A quote around the
// first value of a file changes nothing but that: what the file holds, and what is said of its faults, must be the
// same.
#include <embark/core/error.h>
#include <embark/data/csv/csv.h>

#include <algorithm>
#include <random>

#include <arrow/api.h>
#include <arrow/util/thread_pool.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace csv_quotes_test {

using embark::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Values row by row, a null where one is missing.
std::vector<std::string> values_of(const Table& table, const std::string& column) {
    std::vector<std::string> values = table.text(column);
    auto value = values.begin();
    for (const auto& chunk : table.column(column)->chunks()) {
        for (int64_t i = 0; i < chunk->length(); ++i, ++value) {
            if (chunk->IsNull(i)) *value = "null";
        }
    }
    return values;
}

/// All that a file holds, and where it says that rows stand; or what is said of its fault.
std::vector<std::string> told_of(const std::filesystem::path& path, const CsvOptions& options) {
    try {
        const Table table = read_csv(path, options);
        std::vector<std::string> told = table.names();
        for (const std::string& name : table.names()) {
            told.push_back(table.column(name)->type()->ToString());
            const auto values = values_of(table, name);
            told.insert(told.end(), values.begin(), values.end());
        }
        if (table.rows() > 0) told.push_back(table.where(table.rows() - 1, table.names().front()));
        return told;
    } catch (const Error& error) {
        return {error.what()};
    }
}

class CsvQuotes : public ::testing::Test {
protected:
    /// Compares a file with the same one whose first value, that begins where `first` stands first, is quoted.
    void expect_same(const std::string& content, const CsvOptions& options = {}, const std::string& first = "a") const {
        std::string quoted = content;
        quoted.replace(quoted.find(first), first.size(), "\"" + first + "\"");
        EXPECT_EQ(told_of(folder_.write("file.csv", content), options),
                  told_of(folder_.write("file.csv", quoted), options))
            << content.substr(0, 200);
    }

    Table read(const std::string& content, const CsvOptions& options = {}) const {
        return read_csv(folder_.write("file.csv", content), options);
    }

    TemporaryFolder folder_;
};

std::string repeated(const std::string& line, int n) {
    std::string lines;
    for (int i = 0; i < n; ++i) lines += line;
    return lines;
}

TEST_F(CsvQuotes, ends_of_lines_of_all_kinds) {
    expect_same("a,b\n1,2\n3,4\n");
    expect_same("a,b\n1,2\n3,4");
    expect_same("a,b\r\n1,2\r\n3,4\r\n");
    expect_same("a,b\r\n1,2\r\n3,4");
    expect_same("a,b\r\n1,2\n3,4\r\n");
    expect_same("a,b\n1,2\r3,4\n");
    expect_same("a,b\n1,2\r\r\n3,4\n");
    expect_same("a,b\n1\r,2\n3,4\n");
    expect_same("a,b\n1,\r\n,2\r\n");
    expect_same("a,b\n1,2\n3,4\r");
}

TEST_F(CsvQuotes, empty_lines_and_files_of_few_rows) {
    expect_same("a,b\n\n1,2\n\n3,4\n");
    expect_same("a,b\n1,2\n\n\n");
    expect_same("\na,b\n1,2\n");
    expect_same("a,b\n1,2\n\r\n3,4\r\n");
    expect_same("a,b\n");
    expect_same("a,b");
    expect_same("a,b\n1,2");
}

TEST_F(CsvQuotes, a_single_column) {
    expect_same("a\n1\n2\n");
    expect_same("a\n1\n\n2\n");
    expect_same("a\n1\n\r\n2\n");
    expect_same("a\r\n1\r\n2\r\n");
    expect_same("a\n1,2\n");
}

TEST_F(CsvQuotes, rows_of_other_lengths) {
    expect_same("a,b,c\n1,2,3\n4,5\n6,7,8\n");
    expect_same("a,b,c\n1,2,3\n4,5,6,7\n");
    // As many values as two rows have, and as many ends of lines.
    expect_same("a,b,c\n1,2\n3,4,5,6\n");
    expect_same("a,b\n,\n,,\n\n");
}

TEST_F(CsvQuotes, other_encodings) {
    expect_same("a,b\nJos\xC3\xA9,\xE2\x82\xAC\n");
    expect_same("a,b\nJos\xE9,2\n");
    expect_same("a,b\nJos\xE9,2\n", {.encoding = "latin-1"});
    expect_same("a,\xE9\n1,2\n", {.encoding = "latin-1"});
    expect_same("a,\xE9\n1,2\n");
    expect_same("a,b\n1,2\n", {.encoding = "latin-1"});
    expect_same(
        "\xEF\xBB\xBF"
        "a,b\n1,2\n");
    expect_same(
        "\xEF\xBB\xBF"
        "a,b\n1,2\n",
        {.column_names = {"x", "y"}});
    expect_same(
        "\xEF\xBB\xBF"
        "a,b\n1,2\n",
        {.encoding = "latin-1"}, "b");
    expect_same("a,b\n1,2\n\xEF\xBB\xBF,4\n");
    expect_same(std::string("a,b\n1,2\n3,\0\n", 13));
    // In a column that is not kept.
    expect_same("a,b\n1,\xE9\n", {.use_columns = {"a"}});
}

TEST_F(CsvQuotes, options_of_all_kinds) {
    const std::string numbers = "a,b,c\n" + repeated("1,x,0.5\n2,999,999\n3,,NA\n999,y,-\n0999,999 ,9990\n", 20);
    expect_same(numbers);
    expect_same(numbers, {.missing_values = {"999", "NA", "a word of more than sixteen letters"}});
    expect_same(numbers, {.use_columns = {"c", "a"}, .missing_values = {"999"}});
    expect_same(numbers, {.column_names = {"x", "y", "z"}});
    expect_same(numbers, {.use_columns = {2}, .column_names = {"z"}});
    const std::string spaces = "a, b\n" + repeated(" 1,2 \n1 , \n\t,NA\n x y , NA\n", 20);
    expect_same(spaces);
    expect_same(spaces, {.trim_spaces = true});
    expect_same(spaces, {.missing_values = {"NA"}, .trim_spaces = true});
    expect_same("a;b\n1,5;2\n", {.delimiter = ';'});
    expect_same("a\tb\n1,5\t2\n\t\n", {.delimiter = '\t'});
    expect_same("a b\n1 2\n", {.delimiter = ' '});
    expect_same("a::b\n1::2\n", {.delimiter = ':'});
    expect_same(
        "a\x1f"
        "b\n1\x1f"
        "2\n",
        {.delimiter = '\x1f'});
}

TEST_F(CsvQuotes, values_of_all_lengths_at_all_places_of_a_block) {
    std::mt19937 chance(7);
    const std::string letters = "0123456789.x";
    for (int repeat = 0; repeat < 20; ++repeat) {
        std::string content = "a,b,c\n";
        for (int row = 0; row < 200; ++row) {
            for (const char* end : {",", ",", "\n"}) {
                for (auto size = chance() % (repeat + 1); size > 0; --size) {
                    content += letters[chance() % letters.size()];
                }
                content += end;
            }
        }
        expect_same(content);
    }
}

TEST_F(CsvQuotes, values_longer_than_a_block) {
    for (const int size : {600'000, 1'048'576, 1'500'000, 3'000'000}) {
        const std::string word = repeated("x", size);
        expect_same("a,b\n1," + word + "\n3,4\n");
        expect_same("a,b\n1,2\n3," + word);
    }
}

TEST_F(CsvQuotes, lines_that_end_where_blocks_do) {
    // Blocks are of 1048576 bytes.
    for (const int spare : {0, 1, 2, 3}) {
        const std::string header = "a,b\n" + repeated("x", 60) + "," + repeated("y", 62 - spare) + "\n";
        expect_same(header + repeated(repeated("1,2\n", 31) + "12,\n", 2100));
    }
}

TEST_F(CsvQuotes, a_fault_late_in_a_large_file_is_found) {
    const std::string rows = repeated("1,2\n", 3'000'000);
    expect_same("a,b\n" + rows + "3\n" + "4,5\n");
    expect_same("a,b\n" + rows + "3,\xE9\n");
    const Table table = read("a,b\n" + rows + "3,\"x\ny\"\n4,5\n");
    EXPECT_EQ(table.rows(), 3'000'002);
    EXPECT_EQ(table.head(3'000'001).text("b").back(), "x\ny");
}

TEST_F(CsvQuotes, a_table_is_the_same_with_any_number_of_threads) {
    std::string content = "id,word,number\n";
    std::mt19937 chance(7);
    for (int row = 0; row < 1'000'000; ++row) {
        const auto drawn = chance();
        content += std::to_string(row) + ",word " + std::to_string(drawn % (1 + row / 1000)) + ",";
        content += (drawn % 7 == 0 ? "" : std::to_string(drawn % 5000)) + "\n";
    }
    const auto path = folder_.write("file.csv", content);
    const int before = arrow::GetCpuThreadPoolCapacity();
    ASSERT_TRUE(arrow::SetCpuThreadPoolCapacity(1).ok());
    const Table alone = read_csv(path);
    ASSERT_EQ(alone.rows(), 1'000'000);
    EXPECT_EQ(alone.text("id").back(), "999999");
    for (const int n : {2, 3, 4}) {
        ASSERT_TRUE(arrow::SetCpuThreadPoolCapacity(n).ok());
        const Table table = read_csv(path);
        for (const std::string& name : table.names()) {
            // Codes and dictionaries too.
            EXPECT_TRUE(table.column(name)->Equals(*alone.column(name))) << name << ", " << n << " threads";
        }
    }
    ASSERT_TRUE(arrow::SetCpuThreadPoolCapacity(before).ok());
}

}  // namespace csv_quotes_test
}  // namespace embark
