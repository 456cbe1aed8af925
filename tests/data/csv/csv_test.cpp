#include <embark/core/error.h>
#include <embark/data/csv/csv.h>
#include <embark/data/table/table.h>

#include <algorithm>
#include <sstream>

#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/util/compression.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace csv_test {

using embark::testing::data_folder;
using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class Csv : public ::testing::Test {
protected:
    Table read(std::string_view content, const CsvOptions& options = {}) const {
        return read_csv(folder_.write("file.csv", content), options);
    }

    /// The message for a file of this content, without the folder's name.
    std::string error(std::string_view content, const CsvOptions& options = {}) const {
        std::string message = message_of<Error>([&] { read(content, options); });
        const std::string folder = folder_.path().string() + "/";
        for (auto at = message.find(folder); at != std::string::npos; at = message.find(folder)) {
            message.erase(at, folder.size());
        }
        return message;
    }

    std::filesystem::path write_gzip(const std::string& name, std::string_view content) const {
        const auto path = folder_.path() / name;
        auto codec = arrow::util::Codec::Create(arrow::Compression::GZIP).ValueOrDie();
        auto file = arrow::io::FileOutputStream::Open(path.string()).ValueOrDie();
        auto zipped = arrow::io::CompressedOutputStream::Make(codec.get(), file).ValueOrDie();
        EXPECT_TRUE(zipped->Write(content.data(), static_cast<int64_t>(content.size())).ok());
        EXPECT_TRUE(zipped->Close().ok());
        return path;
    }

    TemporaryFolder folder_;
};

/// `n` lines "1,2".
std::string many_lines(int n) {
    std::string lines;
    for (int i = 0; i < n; ++i) lines += "1,2\n";
    return lines;
}

TEST_F(Csv, every_value_stays_the_text_that_stood_in_the_file) {
    const Table table = read("id,x\n007,1.50\n7,NA\n7.0,\n9223372036854775809,1e3\n");
    EXPECT_THAT(table.names(), ElementsAre("id", "x"));
    EXPECT_THAT(table.text("id"), ElementsAre("007", "7", "7.0", "9223372036854775809"));
    EXPECT_THAT(table.text("x"), ElementsAre("1.50", "", "", "1e3"));
}

TEST_F(Csv, quotes_keep_delimiters_line_breaks_and_doubled_quotes) {
    const Table table = read("a,b\n\"x,y\",\"line\nbreak\"\n\"say \"\"hi\"\"\",5\" disk\n");
    EXPECT_THAT(table.text("a"), ElementsAre("x,y", "say \"hi\""));
    EXPECT_THAT(table.text("b"), ElementsAre("line\nbreak", "5\" disk"));
}

TEST_F(Csv, byte_order_mark_and_windows_line_ends_are_no_part_of_names_and_values) {
    const Table table = read(
        "\xEF\xBB\xBF"
        "a,b\r\n1,2\r\n3,4\r\n");
    EXPECT_THAT(table.names(), ElementsAre("a", "b"));
    EXPECT_THAT(table.text("b"), ElementsAre("2", "4"));
}

TEST_F(Csv, the_last_line_needs_no_end) {
    EXPECT_THAT(read("a,b\n1,2\n3,4").text("b"), ElementsAre("2", "4"));
    EXPECT_EQ(read("a,b").rows(), 0);
}

TEST_F(Csv, empty_lines_are_skipped) {
    EXPECT_THAT(read("a,b\n\n1,2\n\n\n").text("a"), ElementsAre("1"));
}

TEST_F(Csv, a_header_alone_gives_no_rows) {
    const Table table = read("a,b\n");
    EXPECT_EQ(table.rows(), 0);
    EXPECT_THAT(table.names(), ElementsAre("a", "b"));
}

TEST_F(Csv, a_column_without_a_name_is_named_by_its_position) {
    EXPECT_THAT(read(",a\n0,1\n").names(), ElementsAre("Unnamed: 0", "a"));
}

TEST_F(Csv, latin_1_becomes_utf_8) {
    EXPECT_THAT(read("t\ncaf\xE9 \xFF\n", {.encoding = "latin-1"}).text("t"), ElementsAre("café ÿ"));
    EXPECT_THAT(read("t\ncaf\xE9\n", {.encoding = "ISO-8859-1"}).text("t"), ElementsAre("café"));
}

TEST_F(Csv, gzipped_files_are_told_by_their_content) {
    const auto path = write_gzip("plain-name.csv", "a,b\n" + many_lines(300000));
    const Table table = read_csv(path);
    EXPECT_EQ(table.rows(), 300000);
    EXPECT_EQ(table.numbers("b").sum().item<double>(), 600000);
}

TEST_F(Csv, a_damaged_gzip_file_is_an_error) {
    const auto path = write_gzip("cut.csv.gz", "a,b\n" + many_lines(1000));
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 12);
    EXPECT_THAT(message_of<Error>([&] { read_csv(path); }), HasSubstr("cut.csv.gz"));
}

TEST_F(Csv, use_columns_by_name_and_position_in_any_order) {
    const Table table = read("a,b,c\n1,2,3\n", {.use_columns = {"c", 0}});
    EXPECT_THAT(table.names(), ElementsAre("c", "a"));
    EXPECT_THAT(table.text("c"), ElementsAre("3"));
    EXPECT_THAT(table.text("a"), ElementsAre("1"));
}

TEST_F(Csv, names_for_a_file_without_a_header) {
    const Table all = read("1\t2\n3\t4\n", {.delimiter = '\t', .column_names = {"x", "y"}});
    EXPECT_THAT(all.text("y"), ElementsAre("2", "4"));
    const Table by_name = read("1,2,3\n", {.use_columns = {"z", "x"}, .column_names = {"x", "y", "z"}});
    EXPECT_THAT(by_name.names(), ElementsAre("z", "x"));
    EXPECT_THAT(by_name.text("z"), ElementsAre("3"));
}

TEST_F(Csv, names_of_the_used_positions_of_a_file_without_a_header) {
    const Table table = read("1,2,3\n", {.use_columns = {2, 0}, .column_names = {"last", "first"}});
    EXPECT_THAT(table.names(), ElementsAre("last", "first"));
    EXPECT_THAT(table.text("last"), ElementsAre("3"));
    EXPECT_THAT(table.text("first"), ElementsAre("1"));
}

TEST_F(Csv, missing_value_words_and_trimmed_spaces) {
    const std::string content = "work , pay\n Private, ?\n ?, 50\n,  \n";
    const Table trimmed = read(content, {.missing_values = {"?"}, .trim_spaces = true});
    EXPECT_THAT(trimmed.names(), ElementsAre("work", "pay"));
    EXPECT_THAT(trimmed.text("work"), ElementsAre("Private", "", ""));
    EXPECT_THAT(trimmed.text("pay"), ElementsAre("", "50", ""));
    const Table as_it_is = read(content, {.missing_values = {"?"}});
    EXPECT_THAT(as_it_is.names(), ElementsAre("work ", " pay"));
    EXPECT_THAT(as_it_is.text(" pay"), ElementsAre(" ?", " 50", "  "));
}

TEST_F(Csv, a_column_may_be_named_like_a_missing_value) {
    const Table table = read("NA,b\nNA,2\n", {.missing_values = {"NA"}});
    EXPECT_THAT(table.names(), ElementsAre("NA", "b"));
    EXPECT_THAT(table.text("NA"), ElementsAre(""));
}

TEST_F(Csv, text_columns_are_text_whatever_they_look_like) {
    const Table table = read("id,n\n1,1\n", {.text_columns = {"id"}});
    EXPECT_EQ(table.type("id"), ColumnType::text);
    EXPECT_EQ(table.type("n"), ColumnType::integer);
    EXPECT_EQ(table.rename("id", "key").type("key"), ColumnType::text);
}

TEST_F(Csv, a_value_longer_than_a_block_is_read) {
    const std::string longest(3'000'000, 'x');
    const Table table = read("a,b\n" + many_lines(1000) + "3,\"" + longest + "\"\n");
    EXPECT_EQ(table.rows(), 1001);
    EXPECT_EQ(table.text("b").back(), longest);
}

TEST_F(Csv, a_first_row_longer_than_a_block_is_read) {
    const std::string longest(3'000'000, 'x');
    EXPECT_THAT(read("a," + longest + "\n1,2\n").names(), ElementsAre("a", longest));
    EXPECT_THAT(read("\"" + longest + "\",b\n1,2\n").names(), ElementsAre(longest, "b"));
}

TEST_F(Csv, a_value_longer_than_a_block_does_not_hide_a_fault) {
    const std::string longest(3'000'000, 'x');
    EXPECT_EQ(error("a,b\n1," + longest + "\n3\n"), "file.csv, row 2 (line 3): 1 column where the header has 2");
    EXPECT_THAT(error("a,b\n1," + longest + "\xFF\n"), HasSubstr("row 1 (line 2), column 'b': the value is not UTF-8"));
}

TEST_F(Csv, a_quote_late_in_a_large_file_may_have_line_breaks) {
    const Table table = read("a,b\n" + many_lines(600000) + "3,\"x\ny\"\n4,5\n");
    EXPECT_EQ(table.rows(), 600002);
    EXPECT_EQ(table.text("b")[600000], "x\ny");
    EXPECT_EQ(table.text("b")[600001], "5");
}

TEST_F(Csv, the_first_fault_of_a_kind_is_told) {
    EXPECT_THAT(error("a,b\n1\n" + many_lines(600000) + "1,2,3\n"), HasSubstr("row 1 (line 2): 1 column"));
    EXPECT_THAT(error("a,b\n\xFF,1\n" + many_lines(600000) + "1,\xFE\n"), HasSubstr("row 1 (line 2), column 'a'"));
    EXPECT_THAT(error("a,b\n\xFF,1\n1,\xFE\n"), HasSubstr("column 'a'"));
}

TEST_F(Csv, files_that_cannot_be_opened) {
    EXPECT_THAT(message_of<Error>([&] { read_csv(folder_.path() / "none.csv"); }), HasSubstr("none.csv"));
    EXPECT_THAT(message_of<Error>([&] { read_csv(folder_.path()); }), HasSubstr("folder"));
    EXPECT_THAT(message_of<Error>([] { read_csv("/dev/null"); }), HasSubstr("it is a device, not a file"));
}

TEST_F(Csv, empty_files) {
    for (const char* content : {"", "\n\n", "\xEF\xBB\xBF"}) {
        EXPECT_EQ(error(content), "Cannot read file.csv as CSV: it is empty");
    }
}

TEST_F(Csv, ragged_rows_name_the_row_and_both_counts) {
    EXPECT_EQ(error("a,b\n1,2\n1,2,3\n"), "file.csv, row 2 (line 3): 3 columns where the header has 2");
    EXPECT_EQ(error("a,b\n1\n"), "file.csv, row 1 (line 2): 1 column where the header has 2");
    EXPECT_EQ(error("1,2\n3\n", {.column_names = {"a", "b"}}), "file.csv, row 2: 1 column where the first row has 2");
    EXPECT_EQ(error("a,b\n" + many_lines(600000) + "1,2,3\n" + many_lines(10)),
              "file.csv, row 600001 (line 600002): 3 columns where the header has 2");
}

TEST_F(Csv, the_line_is_left_out_where_lines_are_not_rows) {
    EXPECT_EQ(error("a,b\n\"x\ny\",2\n1\n"), "file.csv, row 2: 1 column where the header has 2");
    EXPECT_EQ(read("a,b\n1,2\n").where(0, "b").substr(folder_.path().string().size() + 1),
              "file.csv, row 1 (line 2), column 'b'");
    EXPECT_THAT(read("a,b\n\n1,2\n").where(0, "b"), EndsWith("file.csv, row 1, column 'b'"));
}

struct UnclosedQuote {
    std::string content;
    std::string place;
};

TEST_F(Csv, a_quote_never_closed_is_found_wherever_it_is) {
    const std::vector<UnclosedQuote> cases = {
        {"a,b\n1,\"x\n2,y\n", "row 1 (line 2)"},
        {"a,b\n1,y\n\"2,x\n3,4\n", "row 2 (line 3)"},
        {"a,b\n1,y\n2,\"x", "row 2 (line 3)"},
        {"a,b\n1,y\n2,\"x\n", "row 2 (line 3)"},
        {"a,b\n1,y\n2,\"", "row 2 (line 3)"},
        {"a,\"b\n1,y\n2,x\n", "header"},
        {"a,b\n" + many_lines(300000) + "\"3,4\n" + many_lines(600000), "row 300001 (line 300002)"},
        {"a,b\n" + many_lines(300000) + "3,\"4\n" + many_lines(600000), "row 300001 (line 300002)"},
        {"a,\"b\n" + many_lines(600000), "header"},
    };
    for (const auto& [content, place] : cases) {
        EXPECT_EQ(error(content), "file.csv, " + place + ": a quote is opened and never closed");
    }
    EXPECT_EQ(error("a,b\n1,\"x\n", {.use_columns = {"a"}}),
              "file.csv, row 1 (line 2): a quote is opened and never closed");
}

TEST_F(Csv, bytes_that_are_not_utf_8_name_row_and_column) {
    EXPECT_EQ(error("a,b\n1,2\n1,caf\xE9\n"),
              "file.csv, row 2 (line 3), column 'b': the value is not UTF-8; if the file is Latin-1, read it with the "
              "encoding latin-1 (--encoding latin-1)");
    EXPECT_THAT(error("a,caf\xE9\n1,2\n"), HasSubstr("file.csv, header: the name of column 1"));
    EXPECT_THAT(error("a,b\n" + many_lines(600000) + "\xFF,2\n"), HasSubstr("row 600001 (line 600002), column 'a'"));
    EXPECT_EQ(read("a,b\n1,caf\xE9\n", {.use_columns = {"a"}}).rows(), 1);
}

TEST_F(Csv, nul_bytes_name_the_line) {
    EXPECT_THAT(error(std::string("a,b\n1,2\n1,\0x\n", 13)), HasSubstr("file.csv as CSV: line 3 has a NUL byte"));
}

TEST_F(Csv, columns_that_are_not_there) {
    EXPECT_EQ(error("user,movie\n1,2\n", {.use_columns = {"film"}}),
              "There is no column 'film' in file.csv; there are: user, movie");
    EXPECT_THAT(error("user,movie\n1,2\n", {.use_columns = {"moovie"}}), HasSubstr("did you mean 'movie'?"));
    EXPECT_THAT(error("a,b\n1,2\n", {.use_columns = {2}}), HasSubstr("no column 2 in file.csv, which has 2 columns"));
    EXPECT_THAT(error("a,b\n1,2\n", {.use_columns = {-1}}), HasSubstr("no column -1"));
    EXPECT_THAT(error("a,b\n1,2\n", {.use_columns = {"a", 0}}), HasSubstr("asked for twice"));
    EXPECT_THAT(error("a,b\n1,2\n", {.text_columns = {"c"}}), HasSubstr("no column 'c'"));
}

TEST_F(Csv, names_given_twice_or_too_few) {
    EXPECT_THAT(error("a,b,a\n1,2,3\n"), HasSubstr("'a' stands twice in file.csv"));
    EXPECT_THAT(error("1,2\n", {.column_names = {"a", "a"}}), HasSubstr("'a' stands twice in column_names"));
    EXPECT_EQ(error("1,2,3\n", {.column_names = {"a", "b"}}),
              "file.csv has 3 columns, but 2 column names were given (a, b)");
}

TEST_F(Csv, settings_that_can_never_be_right_are_usage_errors) {
    EXPECT_THAT(message_of<UsageError>([&] { read("a\n1\n", {.encoding = "utf-7"}); }), HasSubstr("'utf-7'"));
    EXPECT_THAT(message_of<UsageError>([&] { read("a\n1\n", {.delimiter = '"'}); }), HasSubstr("delimiter"));
}

TEST_F(Csv, what_write_csv_writes_reads_back_the_same) {
    const Table table = Table::from_text(
        {{"na,me", {"plain", "com,ma", "quo\"te", "line\nbreak", "", " edge"}}, {"b", {"1", "2", "3", "", "5", "6"}}});
    std::ostringstream out;
    write_csv(out, table);
    EXPECT_EQ(out.str(), "\"na,me\",b\nplain,1\n\"com,ma\",2\n\"quo\"\"te\",3\n\"line\nbreak\",\n,5\n\" edge\",6\n");
    const Table back = read(out.str());
    EXPECT_EQ(back.names(), table.names());
    EXPECT_EQ(back.text("na,me"), table.text("na,me"));
    EXPECT_EQ(back.text("b"), table.text("b"));
}

TEST_F(Csv, a_single_column_keeps_its_missing_values_when_written) {
    std::ostringstream out;
    write_csv(out, Table::from_text({{"a", {"1", "", "3"}}}));
    EXPECT_THAT(read(out.str()).text("a"), ElementsAre("1", "", "3"));
}

TEST_F(Csv, movielens_100k) {
    const auto data = data_folder();
    if (!data) GTEST_SKIP() << "no real data; set EMBARK_DATA";
    const Table ratings = read_csv(*data / "ml-100k" / "u.data",
                                   {.delimiter = '\t', .column_names = {"user", "movie", "rating", "timestamp"}});
    const Table titles =
        read_csv(*data / "ml-100k" / "u.item",
                 {.delimiter = '|', .encoding = "latin-1", .use_columns = {0, 1}, .column_names = {"movie", "title"}});
    EXPECT_EQ(ratings.rows(), 100000);
    EXPECT_EQ(ratings.finite_numbers("rating").sum().item<double>(), 352986);
    EXPECT_EQ(titles.rows(), 1682);
    const Table joined = ratings.join(titles, "movie");
    EXPECT_EQ(joined.rows(), 100000);
    EXPECT_EQ(joined.text("title")[0], "Kolya (1996)");
    EXPECT_EQ(joined.text("user")[0], "196");
    const auto names = titles.text("title");
    EXPECT_TRUE(std::count(names.begin(), names.end(), "Misérables, Les (1995)") == 1);
}

}  // namespace csv_test
}  // namespace embark
