#include <embark/predictor/text_vocabulary.h>
#include <embark/predictor/tokenizer.h>

#include <embark/core/error.h>
#include <embark/data/table/table.h>
#include <embark/data/tabular/vocabulary_columns.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace tokenizer_test {

using embark::testing::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

at::Tensor numbers(const std::vector<int64_t>& values, int64_t width) {
    return at::tensor(values, at::kLong).view({-1, width});
}

TEST(Tokenize, splits_into_lower_case_words_and_punctuation) {
    EXPECT_THAT(tokenize("The film, \"Alien\" (1979)!"),
                ElementsAre("the", "film", ",", "\"", "alien", "\"", "(", "1979", ")", "!"));
    EXPECT_THAT(tokenize(" \t\r\n"), IsEmpty());
    EXPECT_THAT(tokenize(""), IsEmpty());
    EXPECT_THAT(tokenize("a\nb\xc2\xa0"
                         "c\xe3\x80\x80"
                         "d\xe2\x80\x83"
                         "e"),
                ElementsAre("a", "b", "c", "d", "e"));
    EXPECT_THAT(tokenize("3.5 x_1 wait..."), ElementsAre("3", ".", "5", "x", "_", "1", "wait", ".", ".", "."));
}

TEST(Tokenize, keeps_an_apostrophe_inside_a_word) {
    EXPECT_THAT(tokenize("Don't 'quote' rock'n'roll"), ElementsAre("don't", "'", "quote", "'", "rock'n'roll"));
    EXPECT_THAT(tokenize("it’s dogs’ 'em o'"), ElementsAre("it's", "dogs", "'", "'", "em", "o", "'"));
    EXPECT_THAT(tokenize("a''b'"), ElementsAre("a", "'", "'", "b", "'"));
}

TEST(Tokenize, leaves_letters_beyond_ascii_as_they_are) {
    EXPECT_THAT(tokenize("Élan ÉTÉ naïve Straße Привет"), ElementsAre("Élan", "ÉtÉ", "naïve", "straße", "Привет"));
    EXPECT_THAT(tokenize("l’été"), ElementsAre("l'été"));
}

TEST(Tokenize, takes_marks_emoji_and_ideographs_one_by_one) {
    EXPECT_THAT(tokenize("“good”—no…"), ElementsAre("“", "good", "”", "—", "no", "…"));
    EXPECT_THAT(tokenize("great😀👍 5£"), ElementsAre("great", "😀", "👍", "5", "£"));
    EXPECT_THAT(tokenize("七人の侍x"), ElementsAre("七", "人", "の", "侍", "x"));
}

TEST(Tokenize, takes_broken_bytes_as_letters) {
    EXPECT_THAT(tokenize("a\xff"
                         "b \xe2\x80"),
                ElementsAre("a\xff"
                            "b",
                            "\xe2\x80"));
    EXPECT_THAT(tokenize("\xf0\x9f"
                         "a"),
                ElementsAre("\xf0\x9f"
                            "a"));
}

TEST(TextVocabulary, numbers_tokens_by_falling_frequency) {
    const auto vocabulary = TextVocabulary::fit({"b a b", "c c a!", "b d"}, {.min_freq = 2});
    EXPECT_THAT(vocabulary.tokens(), ElementsAre("xxpad", "xxunk", "b", "a", "c"));
    EXPECT_EQ(vocabulary.size(), 5);
    EXPECT_EQ(vocabulary.index("b"), 2);
    EXPECT_EQ(vocabulary.index("d"), 1);
    EXPECT_THAT(TextVocabulary::fit({"b a b", "c c a!", "b d"}, {.min_freq = 1, .max_vocab = 4}).tokens(),
                ElementsAre("xxpad", "xxunk", "b", "a", "c", "!"));
}

TEST(TextVocabulary, is_fitted_on_the_rows_it_is_given) {
    const Table table = Table::from_text({{"text", {"a a", "b b", "", "c c"}}});
    const auto vocabulary = fit_text_vocabulary(table, "text", at::tensor({0, 2, 3}, at::kLong));
    EXPECT_THAT(vocabulary.tokens(), ElementsAre("xxpad", "xxunk", "a", "c"));
    EXPECT_TRUE(
        at::equal(encode_column(vocabulary, table, "text", 3), numbers({2, 2, 0, 1, 1, 0, 0, 0, 0, 3, 3, 0}, 3)));
}

TEST(TextVocabulary, pads_at_the_end_and_cuts) {
    const auto vocabulary = TextVocabulary::from_tokens({"xxpad", "xxunk", "a", "b"});
    EXPECT_TRUE(at::equal(vocabulary.encode({"A b", "b a z b", ""}, 3), numbers({2, 3, 0, 3, 2, 1, 0, 0, 0}, 3)));
    EXPECT_EQ(vocabulary.encode(std::vector<std::string>{}, 3).sizes(), at::IntArrayRef({0, 3}));
}

TEST(TextVocabulary, knows_words_that_look_like_special_tokens_as_unknown) {
    const auto vocabulary = TextVocabulary::fit({"xxpad xxpad xxunk xxunk a a"});
    EXPECT_THAT(vocabulary.tokens(), ElementsAre("xxpad", "xxunk", "a"));
    EXPECT_TRUE(at::equal(vocabulary.encode({"xxpad a xxunk"}, 4), numbers({1, 2, 1, 0}, 4)));
}

TEST(TextVocabulary, says_what_is_wrong) {
    EXPECT_THAT(message_of<UsageError>([] { TextVocabulary::fit({}, {.min_freq = 0}); }),
                HasSubstr("Invalid min_freq 0"));
    EXPECT_THAT(message_of<UsageError>([] { TextVocabulary::fit({}, {.max_vocab = -1}); }),
                HasSubstr("Invalid max_vocab -1"));
    EXPECT_THAT(message_of<UsageError>([] { TextVocabulary().encode({"a"}, 0); }), HasSubstr("Invalid max_len 0"));
    EXPECT_THAT(message_of<Error>([] { TextVocabulary::from_tokens({"a", "b"}); }), HasSubstr("'xxpad' and 'xxunk'"));
    EXPECT_THAT(message_of<Error>([] {
                    TextVocabulary::from_tokens({"xxpad", "xxunk", "a", "a"});
                }),
                HasSubstr("'a' twice"));
    EXPECT_THAT(message_of<Error>([] {
                    encode_column(TextVocabulary(), Table::from_text({{"text", {"a"}}}), "txt", 3);
                }),
                HasSubstr("There is no column 'txt'"));
}

}  // namespace tokenizer_test
}  // namespace embark
