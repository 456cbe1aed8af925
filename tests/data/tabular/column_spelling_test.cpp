#include <embark/core/error.h>
#include <embark/data.h>

#include <cmath>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "test_files.h"

// One spelling of values, whatever kind of table or row they stand in.
namespace embark {
namespace column_spelling_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TabularOptions options() {
    return {.y_names = {"y"},
            .cat_names = {"flag", "rooms"},
            .y_values = {"y"},
            .splitter = index_splitter({0}),
            .batch_size = 4};
}

/// Texts as a CSV file has them.
Table written() {
    return Table::from_text({{"flag", {"True", "False", "TRUE", "false", "", "True"}},
                             {"rooms", {"13.0", "2", " 13", "100000", "NA", "2"}},
                             {"y", {"1", "2", "3", "4", "5", "6"}}});
}

/// The same as a Parquet file has them.
Table typed() {
    const TemporaryFolder folder;
    const Table table = Table::from_text({{"flag", {"true", "false", "true", "false", "", "true"}},
                                          {"y", {"1", "2", "3", "4", "5", "6"}}})
                            .with_column("rooms", at::tensor({13.0, 2.0, 13.0, 1e5, kNaN, 2.0}, at::kDouble));
    write_parquet(folder.path() / "typed.parquet", table);
    return read_parquet(folder.path() / "typed.parquet");
}

TEST(ColumnSpelling, is_the_same_of_csv_and_parquet_and_of_rows) {
    for (const Table& train : {written(), typed()}) {
        const auto dls = TabularDataLoaders::from_table(train, options());
        EXPECT_THAT(dls.classes().at("flag").names(), ElementsAre("#na#", "false", "true"));
        EXPECT_THAT(dls.classes().at("rooms").names(), ElementsAre("#na#", "2", "13", "100000"));
        const at::Tensor expected = at::tensor({2, 2, 1, 1, 2, 2, 1, 3, 0, 0, 2, 1}, at::kLong).view({6, 2});
        for (const Table& table :
             {written(), typed(), written().with_column("rooms", at::tensor({13, 2, 13, 100000, 0, 2}))}) {
            EncodingCounts counts;
            const at::Tensor codes = dls.tabular().encode(table, &counts)[0];
            EXPECT_TRUE(at::equal(codes, expected)) << codes;
        }
        EncodingCounts counts;
        const auto encode = [&](RawRow row) { return dls.tabular().encode(row, &counts)[0]; };
        EXPECT_TRUE(at::equal(encode({{"flag", true}, {"rooms", 13}})[0], expected[0]));
        EXPECT_TRUE(at::equal(encode({{"flag", false}, {"rooms", 1e5}})[0], expected[3]));
        EXPECT_TRUE(at::equal(encode({{"flag", {}}, {"rooms", kNaN}})[0], expected[4]));
        EXPECT_TRUE(counts.empty());
        encode({{"flag", 1}, {"rooms", "013"}});
        EXPECT_THAT(counts.unknown, ElementsAre(Pair("flag", 1), Pair("rooms", 1)));
    }
}

TEST(ColumnSpelling, of_floating_point_numbers_is_that_of_a_program_s) {
    const Table table = written().with_column("rooms", at::tensor({0.1f, 2.5f, 0.1f, 2.5f, 1e5f, -0.0f}, at::kFloat));
    const auto dls = TabularDataLoaders::from_table(table, options());
    EXPECT_THAT(dls.classes().at("rooms").names(), ElementsAre("#na#", "0", "0.1", "100000", "2.5"));
    EXPECT_EQ(dls.tabular().encode({{"flag", true}, {"rooms", 0.1f}})[0][0][1].item<int64_t>(), 2);
}

TEST(ColumnSpelling, leaves_other_texts_as_they_are) {
    const Table table = Table::from_text({{"flag", {"True", "true", "maybe", "True", "true", "maybe"}},
                                          {"rooms", {"007", "7", "7.0", "1e3", "1000", "NA"}},
                                          {"y", {"1", "2", "3", "4", "5", "6"}}});
    const auto dls = TabularDataLoaders::from_table(table, options());
    EXPECT_THAT(dls.classes().at("flag").names(), ElementsAre("#na#", "True", "maybe", "true"));
    EXPECT_THAT(dls.classes().at("rooms").names(), ElementsAre("#na#", "1000", "1e3", "7", "7.0", "NA"));
}

TEST(ColumnSpelling, is_taken_by_an_order_and_by_classes) {
    auto given = options();
    given.y_names = {"flag"};
    given.y_values = {};
    given.cat_names = {"rooms"};
    given.ordered = {{"rooms", {"13", "2.0", "100000"}}};
    const Table full = Table::from_text({{"flag", {"True", "False", "TRUE", "false", "False", "True"}},
                                         {"rooms", {"13.0", "2", " 13", "100000", "NA", "2"}}});
    const auto dls = TabularDataLoaders::from_table(full, given);
    EXPECT_THAT(dls.classes().at("rooms").names(), ElementsAre("#na#", "13", "2", "100000"));
    EXPECT_THAT(dls.tabular().target_classes(0), ElementsAre("false", "true"));
    EXPECT_TRUE(at::equal(dls.tabular().encode_targets(full)[0], at::tensor({1, 0, 1, 0, 0, 1})));
    EXPECT_THAT(message_of<Error>([&] { dls.tabular().encode_targets(written()); }),
                HasSubstr("row 5, column 'flag': the target is missing, as in 1 of 6 rows"));
}

TEST(ColumnSpelling, of_ids_is_that_of_integers) {
    const auto ids = [](std::vector<std::string> users) {
        return Table::from_text({{"user", std::move(users)}, {"item", {"a", "b", "a"}}, {"rating", {"1", "2", "3"}}});
    };
    const CollabOptions none{.splitter = index_splitter({}), .batch_size = 1};
    const auto plain = CollabDataLoaders::from_table(ids({"13", "2", "2"}), none);
    const at::Tensor codes = plain.collab().encode({"13.0", " 2", "2", "02"}, {"a", "a", " a", "b"});
    EXPECT_TRUE(at::equal(codes, at::tensor({2, 1, 1, 1, 1, 1, 0, 2}, at::kLong).view({4, 2})));
    const auto floats = CollabDataLoaders::from_table(
        ids({"", "", ""}).with_column("user", at::tensor({13.0, 2.0, 2.0}, at::kDouble)), none);
    EXPECT_EQ(floats.users().names(), plain.users().names());
    EXPECT_TRUE(plain.warnings().empty() && floats.warnings().empty());
    const auto merged = CollabDataLoaders::from_table(ids({"13", "13.0", " 13"}), none);
    EXPECT_THAT(merged.users().names(), ElementsAre("#na#", "13"));
    ASSERT_EQ(merged.warnings().size(), 1U);
    EXPECT_EQ(merged.warnings().front().code, "merged_ids");
    const auto apart = CollabDataLoaders::from_table(ids({"13", "013", " 2.0"}), none);
    EXPECT_THAT(apart.users().names(), ElementsAre("#na#", "013", "13", "2"));
    ASSERT_EQ(apart.warnings().size(), 1U);
    EXPECT_THAT(apart.warnings().front().message,
                HasSubstr("column 'user' has 1 id that is not an integer among 3, first '013'"));
}

TEST(ColumnSpelling, an_empty_text_of_parquet_is_missing_rather_than_unknown) {
    const auto dls = TabularDataLoaders::from_table(written(), options());
    EncodingCounts counts;
    dls.tabular().encode(written(), &counts);
    EXPECT_THAT(counts.unknown, IsEmpty());
}

}  // namespace column_spelling_test
}  // namespace embark
