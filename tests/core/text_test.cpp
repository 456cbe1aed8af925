#include <embark/core/text.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/detail/printable.h>

namespace embark {
namespace text_test {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Text, joins_names_with_a_separator) {
    EXPECT_EQ(join({}), "");
    EXPECT_EQ(join({"a"}), "a");
    EXPECT_EQ(join({"a", "b", "c"}, "|"), "a|b|c");
}

TEST(Text, near_names_come_nearest_first) {
    EXPECT_THAT(near_names("moive", {"user", "movie", "move", "rating"}), ElementsAre("move", "movie"));
    EXPECT_THAT(near_names("MOVIE", {"movie"}), ElementsAre("movie"));
    EXPECT_THAT(near_names("zebra", {"user", "movie"}), IsEmpty());
}

TEST(Text, a_name_that_begins_alike_is_near) {
    EXPECT_THAT(near_names("Kolya", {"Fargo (1996)", "Kolya (1996)"}), ElementsAre("Kolya (1996)"));
}

TEST(Text, a_hint_suggests_and_lists) {
    EXPECT_EQ(name_hint("usr", {"user", "item"}), "; did you mean 'user'? There are: user, item");
    EXPECT_EQ(name_hint("zebra", {"user", "item"}), "; there are: user, item");
    EXPECT_EQ(name_hint("zebra", {}), "");
    EXPECT_EQ(name_hint("zebra", std::vector<std::string>(21, "much too long a name")), "");
}

TEST(Text, reads_whole_numbers_and_nothing_less) {
    EXPECT_EQ(parse_double("2.5"), 2.5);
    EXPECT_EQ(parse_double("+1e-3"), 1e-3);
    EXPECT_EQ(parse_double("-4"), -4.0);
    EXPECT_FALSE(parse_double(""));
    EXPECT_FALSE(parse_double("1.5x"));
    EXPECT_FALSE(parse_double(" 1"));
    EXPECT_FALSE(parse_double("0x10"));
    EXPECT_EQ(parse_int("-12"), -12);
    EXPECT_FALSE(parse_int("1.0"));
    EXPECT_FALSE(parse_int("9223372036854775808"));
}

TEST(Text, a_number_has_one_sign) {
    for (const char* signs : {"+-5", "-+5", "++5", "--5", "+", "-"}) EXPECT_FALSE(parse_double(signs)) << signs;
}

TEST(Text, a_number_too_near_to_zero_is_zero_and_one_too_large_is_not_a_number) {
    for (const char* tiny : {"1e-400", "-1e-400", "+1e-99999", "0.0e-999999"}) EXPECT_EQ(parse_double(tiny), 0) << tiny;
    EXPECT_EQ(parse_double("0." + std::string(400, '0') + "1"), 0);
    EXPECT_EQ(parse_double("1e-310"), 1e-310);
    EXPECT_FALSE(parse_double("1e400"));
    EXPECT_FALSE(parse_double("1e-400x"));
}

TEST(Text, a_plain_integer_has_one_form) {
    for (const char* plain : {"0", "7", "-7", "18446744073709551616"}) EXPECT_TRUE(is_plain_integer(plain)) << plain;
    for (const char* other : {"", "-", "007", "+7", "-0", "7.0", "7a", " 7"})
        EXPECT_FALSE(is_plain_integer(other)) << other;
}

TEST(Text, orders_plain_integers_of_any_size) {
    EXPECT_TRUE(plain_integer_less("9", "10"));
    EXPECT_TRUE(plain_integer_less("-10", "-9"));
    EXPECT_TRUE(plain_integer_less("-1", "0"));
    EXPECT_TRUE(plain_integer_less("9223372036854775807", "9223372036854775808"));
    EXPECT_FALSE(plain_integer_less("10", "10"));
}

TEST(Text, knows_well_formed_utf8) {
    EXPECT_TRUE(is_utf8("Kolya"));
    EXPECT_TRUE(is_utf8("Été 日本 😀"));
    EXPECT_FALSE(is_utf8("\xE9t\xE9"));         // Latin-1
    EXPECT_FALSE(is_utf8("\xC0\xAF"));          // overlong
    EXPECT_FALSE(is_utf8("\xED\xA0\x80"));      // a surrogate
    EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
    EXPECT_FALSE(is_utf8("\xE6\x97"));          // cut short
}

TEST(Text, widths_are_those_of_a_terminal) {
    EXPECT_EQ(display_width("abc"), 3);
    EXPECT_EQ(display_width("Été"), 3);
    EXPECT_EQ(display_width("日本"), 4);
    EXPECT_EQ(display_width("e\xCC\x81"), 1);  // a combining accent
}

TEST(Text, fits_text_to_a_width) {
    EXPECT_EQ(fit_width("ab", 4), "ab  ");
    EXPECT_EQ(fit_width("ab", 4, /*right=*/true), "  ab");
    EXPECT_EQ(fit_width("abcdef", 4), "abc…");
    EXPECT_EQ(fit_width("日本語", 4), "日… ");
    EXPECT_EQ(fit_width("abc", 0), "");
}

TEST(Text, control_characters_are_not_printable_and_everything_else_is) {
    EXPECT_EQ(printable("a\tb\nc"), "a\tb\nc");
    EXPECT_EQ(printable("\x1b[2J\x07 \x7f\r"), "?[2J? ??");
    EXPECT_EQ(printable("caf\xc3\xa9 \xc2\x9b" "31m \xc2\xa0"), "caf\xc3\xa9 ?31m \xc2\xa0");
    EXPECT_EQ(printable("\xc2"), "\xc2");
}

}  // namespace text_test
}  // namespace embark
