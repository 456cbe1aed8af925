#include <embark/core/error.h>
#include <embark/data/csv/csv.h>
#include <embark/data/table/table.h>
#include <embark/data/tabular/vocabulary_columns.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace vocabulary_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

at::Tensor all_rows(const Table& table) {
    return at::arange(table.rows(), at::kLong);
}

TEST(Vocabulary, starts_with_the_missing_name) {
    EXPECT_THAT(Vocabulary().names(), ElementsAre("#na#"));
    EXPECT_EQ(Vocabulary().size(), 1);
    EXPECT_EQ(Vocabulary().index("x"), 0);
}

TEST(Vocabulary, sorts_plain_integers_as_numbers) {
    EXPECT_THAT(Vocabulary::fit({"10", "9", "-1", "100000000000000000000", "0", "9"}).names(),
                ElementsAre("#na#", "-1", "0", "9", "10", "100000000000000000000"));
    EXPECT_THAT(Vocabulary::fit({"9223372036854775807", "10", "9", "-9223372036854775808", "0", "9", "-1"}).names(),
                ElementsAre("#na#", "-9223372036854775808", "-1", "0", "9", "10", "9223372036854775807"));
}

TEST(Vocabulary, sorts_anything_else_by_its_bytes) {
    EXPECT_THAT(Vocabulary::fit({"10", "9", "x", "É", "Z", "a"}).names(),
                ElementsAre("#na#", "10", "9", "Z", "a", "x", "É"));
    EXPECT_THAT(Vocabulary::fit({"10", "9", "007"}).names(), ElementsAre("#na#", "007", "10", "9"));
}

TEST(Vocabulary, ids_that_look_alike_never_merge) {
    const std::vector<std::string> ids = {"7",   "007",  "7.0", " 7",  "+7",
                                          "1e1", "10",   "٧",   "７",  "9223372036854775808",
                                          "NA",  "null", "nan", "NaN", "9223372036854775809"};
    const Table table = Table::from_text({{"id", ids}});
    const Vocabulary vocabulary = fit_vocabulary(table, "id", all_rows(table));
    EXPECT_EQ(vocabulary.size(), static_cast<int64_t>(ids.size()) + 1);
    const at::Tensor encoded = encode_column(vocabulary, table, "id");
    for (size_t i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(vocabulary.name(encoded[static_cast<int64_t>(i)].item<int64_t>()), ids[i]);
    }
}

TEST(Vocabulary, missing_and_unseen_values_are_0) {
    const Table table = Table::from_text({{"x", {"b", "", "a", "#na#", "c"}}});
    const Vocabulary vocabulary = fit_vocabulary(table, "x", at::tensor({0, 1, 2, 3}, at::kLong));
    EXPECT_THAT(vocabulary.names(), ElementsAre("#na#", "a", "b"));
    EXPECT_TRUE(at::equal(encode_column(vocabulary, table, "x"), at::tensor({2, 0, 1, 0, 0}, at::kLong)));
    EXPECT_EQ(vocabulary.index("c"), 0);
    EXPECT_FALSE(vocabulary.has("c"));
    EXPECT_TRUE(vocabulary.has("a"));
}

TEST(Vocabulary, is_fitted_on_the_rows_given_alone) {
    const Table table = Table::from_text({{"x", {"3", "1", "2", "1"}}});
    EXPECT_THAT(fit_vocabulary(table, "x", at::tensor({3, 0}, at::kLong)).names(), ElementsAre("#na#", "1", "3"));
    EXPECT_THAT(message_of<Error>([&] { fit_vocabulary(table, "x", at::tensor({4}, at::kLong)); }),
                HasSubstr("There is no row 4"));
}

TEST(Vocabulary, fits_values_with_repetitions_and_gaps) {
    EXPECT_THAT(Vocabulary::fit({"b", "", "a", "b", "#na#"}).names(), ElementsAre("#na#", "a", "b"));
}

TEST(Vocabulary, whole_numbers_of_a_typed_column_are_encoded_as_their_text) {
    const Table table = Table::from_text({{"x", {"a", "b"}}}).with_column("id", at::tensor({10, 9}, at::kLong));
    const Vocabulary vocabulary = fit_vocabulary(table, "id", all_rows(table));
    EXPECT_THAT(vocabulary.names(), ElementsAre("#na#", "9", "10"));
    EXPECT_TRUE(at::equal(encode_column(vocabulary, table, "id"), at::tensor({2, 1}, at::kLong)));
}

TEST(Vocabulary, encodes_columns_of_many_chunks) {
    const TemporaryFolder folder;
    std::string content = "id\n";
    for (int i = 0; i < 300000; ++i) content += "id-" + std::to_string(i % 1000) + "\n";
    const Table table = read_csv(folder.write("ids.csv", content));
    ASSERT_EQ(table.rows(), 300000);
    const Vocabulary vocabulary = fit_vocabulary(table, "id", all_rows(table));
    EXPECT_EQ(vocabulary.size(), 1001);
    const at::Tensor encoded = encode_column(vocabulary, table, "id").view({300, 1000});
    EXPECT_TRUE(at::equal(encoded, encoded[0].expand({300, 1000})));
    EXPECT_EQ(vocabulary.name(encoded[0][123].item<int64_t>()), "id-123");
}

TEST(Vocabulary, comes_back_from_its_names) {
    const Vocabulary fitted = Vocabulary::fit({"b", "a"});
    const Vocabulary again = Vocabulary::from_names(fitted.names());
    EXPECT_EQ(again.index("b"), 2);
    EXPECT_EQ(again.names(), fitted.names());
    EXPECT_THAT(message_of<Error>([] { Vocabulary::from_names({"a", "#na#"}); }), HasSubstr("must be '#na#'"));
    EXPECT_THAT(message_of<Error>([] { Vocabulary::from_names({}); }), HasSubstr("must be '#na#'"));
    EXPECT_THAT(message_of<Error>([] { Vocabulary::from_names({"#na#", "a", "a"}); }), HasSubstr("'a' twice"));
}

TEST(Vocabulary, a_number_outside_it_is_an_error) {
    const Vocabulary vocabulary = Vocabulary::fit({"a"});
    EXPECT_EQ(vocabulary.name(1), "a");
    EXPECT_THAT(message_of<Error>([&] { vocabulary.name(2); }), HasSubstr("no category 2; the vocabulary has 2"));
    EXPECT_THAT(message_of<Error>([&] { vocabulary.name(-1); }), HasSubstr("no category -1"));
}

}  // namespace vocabulary_test
}  // namespace embark
