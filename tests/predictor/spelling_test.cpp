#include <embark/predictor/encoding_counts.h>
#include <embark/predictor/spelling.h>
#include <embark/predictor/vocabulary.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>
#include <embark/predictor/raw_row.h>

#include "test_files.h"

namespace embark {
namespace spelling_test {

using embark::testing::message_of;
using ::testing::ElementsAre;

TEST(Spelling, of_integers_is_their_digits) {
    for (const char* text : {"13", "13.0", " 13", "13 ", "\t13.00 "}) {
        EXPECT_EQ(spell(Spelling::integers, text), "13") << text;
    }
    for (const char* text : {"0", "-0", "-0.0", "0.0"}) EXPECT_EQ(spell(Spelling::integers, text), "0") << text;
    EXPECT_EQ(spell(Spelling::integers, "-4.0"), "-4");
    EXPECT_EQ(spell(Spelling::integers, "100000000000000000000.0"), "100000000000000000000");
    for (const char* text : {"", "-", ".0", "13.", "13.5", "+13", "007", "00", "1e3", "1_3", "0x1", "１３", "x", "13.0.0",
                             "--4", "- 4", "inf", "nan"}) {
        EXPECT_EQ(spell(Spelling::integers, text), text);
        EXPECT_EQ(spell(Spelling::integers, concat(" ", text, "\t")), text);
    }
}

TEST(Spelling, of_booleans_is_lower_case) {
    for (const char* text : {"true", "True", "TRUE", " tRue\t"}) EXPECT_EQ(spell(Spelling::booleans, text), "true");
    for (const char* text : {"", "t", "1", "yes", "truee", "wahr"}) EXPECT_EQ(spell(Spelling::booleans, text), text);
}

TEST(Spelling, is_decided_by_all_values_that_are_not_missing) {
    EXPECT_EQ(spelling_of({"13", "13.0", " 13", "", "NA"}), Spelling::integers);
    EXPECT_EQ(spelling_of({"True", "false", "nan"}), Spelling::booleans);
    EXPECT_EQ(spelling_of({"13", "007"}), Spelling::as_written);
    EXPECT_EQ(spelling_of({"13", "1e3"}), Spelling::as_written);
    EXPECT_EQ(spelling_of({"13", "true"}), Spelling::as_written);
    EXPECT_EQ(spelling_of({"NA", ""}), Spelling::as_written);
    EXPECT_EQ(spelling_of_ids({"13", "-4"}), Spelling::integers);
    EXPECT_EQ(spelling_of_ids({"13", " 13.0"}), Spelling::integers);
    EXPECT_EQ(spelling_of_ids({"13", "NA"}), Spelling::integers);
    EXPECT_EQ(spelling_of_ids({"13", "14", "007"}), Spelling::integers);
    EXPECT_EQ(spelling_of_ids({"13", "007"}), Spelling::trimmed);
    EXPECT_EQ(spelling_of_ids({"NA", "ann", "7"}), Spelling::trimmed);
    EXPECT_EQ(spelling_of_ids({}), Spelling::trimmed);
    EXPECT_EQ(message_of<Error>([] { parse_spelling("upper"); }),
              "Unknown spelling 'upper'; there are as_written, integers, booleans and trimmed");
}

TEST(Vocabulary, of_ids_leaves_out_spaces_and_keeps_what_is_no_integer) {
    const Vocabulary mostly = Vocabulary::fit_ids({"13", " 13.0", "2", "4", " 007", "nan", " ", "#na#"});
    EXPECT_THAT(mostly.names(), ElementsAre("#na#", "007", "13", "2", "4"));
    EXPECT_EQ(mostly.index(" 13.00"), mostly.index("13"));
    EXPECT_EQ(mostly.index("007 "), 1);
    EXPECT_EQ(mostly.index("7"), 0);
    EXPECT_TRUE(mostly.is_missing("nan"));
    const Vocabulary texts = Vocabulary::fit_ids({" ann", "ann\t", "NA", " #na#", "7", "7.0", ""});
    EXPECT_THAT(texts.names(), ElementsAre("#na#", "7", "7.0", "NA", "ann"));
    EXPECT_EQ(texts.index("  ann "), 4);
    EXPECT_TRUE(texts.is_missing("  "));
    EXPECT_FALSE(texts.is_missing("nan"));
}

TEST(EncodingCounts, show_an_unknown_value_beside_a_known_one_where_all_are_unknown) {
    const Vocabulary known = Vocabulary::fit_ids({"u1", "u2"});
    EncodingCounts counts;
    const auto count = [&](const std::vector<std::string>& values) {
        SeenValues seen;
        for (const auto& value : values) seen.add(known, value);
        counts.add("user", seen);
        return counts.id_warnings();
    };
    EXPECT_TRUE(count({}).empty());
    EXPECT_EQ(count({"7"}).front().message, "column 'user' has 1 value that training did not have; taken as unknown");
    EXPECT_EQ(count({"8", "", "9"}).front().message,
              "all 3 values of column 'user' are unknown: they look like '7', training had 'u1'");
    EXPECT_EQ(counts.id_warnings().back().message, "column 'user' has 1 missing id; taken as unknown");
    EXPECT_EQ(count({"u1"}).front().message, "column 'user' has 3 values that training did not have; taken as unknown");
    EXPECT_EQ(counts.warnings().front().code, "unknown_values");
    EXPECT_EQ(counts.unknown.at("user"), 3);
}

TEST(Vocabulary, takes_any_spelling_of_integers_and_booleans) {
    const Vocabulary integers = Vocabulary::fit({"13", "13.0", " 13", "2", "NA"});
    EXPECT_THAT(integers.names(), ElementsAre("#na#", "2", "13"));
    EXPECT_EQ(integers.index("13.00"), 2);
    EXPECT_EQ(integers.index(RawValue(13.0).text()), 2);
    EXPECT_EQ(integers.index("NA"), 0);
    EXPECT_TRUE(integers.is_missing("NA"));
    EXPECT_FALSE(integers.is_missing("14"));
    const Vocabulary booleans = Vocabulary::fit({"True", "FALSE", "true"});
    EXPECT_THAT(booleans.names(), ElementsAre("#na#", "false", "true"));
    EXPECT_EQ(booleans.index(RawValue(false).text()), 1);
    EXPECT_TRUE(booleans.has("TRUE"));
}

TEST(Vocabulary, of_version_0_1_takes_values_as_they_were_written) {
    const Vocabulary old = Vocabulary::from_names({"#na#", "1", "True"});
    EXPECT_EQ(old.index("1.0"), 0);
    EXPECT_EQ(old.index("true"), 0);
    EXPECT_FALSE(old.is_missing("NA"));
}

TEST(RawValue, of_a_number_is_its_shortest_text_and_of_an_integer_its_digits) {
    EXPECT_EQ(RawValue(100000.0).text(), "100000");
    EXPECT_EQ(RawValue(-0.0).text(), "0");
    EXPECT_EQ(RawValue(1e20).text(), "100000000000000000000");
    EXPECT_EQ(RawValue(1e21).text(), "1e+21");
    EXPECT_EQ(RawValue(0.1f).text(), "0.1");
    EXPECT_EQ(RawValue(-1.5).text(), "-1.5");
}

}  // namespace spelling_test
}  // namespace embark
