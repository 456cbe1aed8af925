// Targets of which a row has several labels.
#include <embark/core/error.h>
#include <embark/data/tabular/tabular.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <embark/data/parquet/parquet.h>

#include "test_files.h"

namespace embark {
namespace multi_label_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Six rows, the last two for validation.
Table tagged(const std::vector<std::string>& tags) {
    return Table::from_text({{"city", {"Rome", "Oslo", "Rome", "Lima", "Oslo", "Lima"}}, {"tags", tags}});
}

TabularOptions labels(const std::string& delim = ";") {
    return {.y_names = {"tags"},
            .y_multi_label = {"tags"},
            .label_delim = delim,
            .splitter = index_splitter({4, 5}),
            .batch_size = 4,
            .shuffle = false};
}

TEST(MultiLabel, targets_are_one_column_of_0_and_1_for_each_label) {
    const auto dls = TabularDataLoaders::from_table(tagged({"b; a", "a", "", " c ;a;;a", "", "b;c"}), labels());
    EXPECT_THAT(dls.target_classes(), ElementsAre("a", "b", "c"));
    EXPECT_TRUE(at::equal(dls.one_batch().targets.front(), at::tensor({1.f, 1.f, 0.f, 1.f, 0.f, 0.f, 0.f, 0.f, 0.f, 1.f,
                                                                       0.f, 1.f})
                                                               .reshape({4, 3})));
    EXPECT_TRUE(at::equal(dls.valid().data().targets.front(),
                          at::tensor({0.f, 0.f, 0.f, 0.f, 1.f, 1.f}).reshape({2, 3})));
    EXPECT_THAT(dls.tabular().decode(dls.one_batch()).text("tags"), ElementsAre("a;b", "a", "", "a;c"));
    EXPECT_EQ(dls.columns()[1].distinct, 3);
    EXPECT_EQ(dls.columns()[1].missing, 2);
    EXPECT_THAT(dls.columns()[1].reason, HasSubstr("several labels a row, with ';' between them"));
}

TEST(MultiLabel, delimiters_may_be_a_space_or_longer) {
    const std::vector<std::string> spaced = {"haze  primary", "clear", "haze", "clear primary", "", "clear"};
    EXPECT_THAT(TabularDataLoaders::from_table(tagged(spaced), labels(" ")).target_classes(),
                ElementsAre("clear", "haze", "primary"));
    const std::vector<std::string> longer = {"1::2", "2", "10", "10::1", "", "2"};
    EXPECT_THAT(TabularDataLoaders::from_table(tagged(longer), labels("::")).target_classes(),
                ElementsAre("1", "10", "2"));
}

TEST(MultiLabel, what_cannot_be_right_is_an_error) {
    const auto refused = [](const std::vector<std::string>& tags, const TabularOptions& options) {
        return message_of<Error>([&] { TabularDataLoaders::from_table(tagged(tags), options); });
    };
    const std::vector<std::string> good = {"a;b", "a", "", "c", "a", "b"};
    EXPECT_THAT(refused(good, labels(",")), HasSubstr("No row of target 'tags'"));
    EXPECT_EQ(refused({"a;b", "a", "", "c", "a", "b;dd"}, labels()),
              "row 6, column 'tags': label 'dd' is not among the 3 of the training rows, so the model cannot know it"
              "; did you mean 'a' or 'b' or 'c'? There are: a, b, c");
    EXPECT_THAT(refused({"", "", "", "", "a;b", "b"}, labels()), HasSubstr("no label in the 4 training rows"));
    EXPECT_THAT(refused({"a;a", "a", "", "a", "a;b", "b"}, labels()), HasSubstr("one label in the 4 training rows"));
    const auto misused = [&](const std::function<void(TabularOptions&)>& change) {
        auto options = labels();
        change(options);
        return message_of<UsageError>([&] { TabularDataLoaders::from_table(tagged(good), options); });
    };
    EXPECT_THAT(misused([](auto& options) { options.label_delim = ""; }), HasSubstr("empty label_delim"));
    EXPECT_THAT(misused([](auto& options) { options.y_classes = {"tags"}; }), HasSubstr("both as"));
    EXPECT_THAT(misused([](auto& options) { options.y_multi_label = {"tag"}; }), HasSubstr("did you mean 'tags'"));
    TemporaryFolder folder;
    write_parquet(folder.path() / "t.parquet", tagged(good));
    EXPECT_THAT(message_of<UsageError>([&] {
                    auto options = labels();
                    options.splitter = {};
                    TabularDataLoaders::from_parquet(folder.path() / "t.parquet", options);
                }),
                HasSubstr("several labels a row"));
}

TEST(MultiLabel, labels_of_few_rows_are_said) {
    auto options = labels();
    options.cat_names = {"n"};
    const auto dls = TabularDataLoaders::from_table(
        tagged({"a;b", "a", "b", "c;a", "a", "b"}).with_column("n", std::vector<std::string>{"u", "v", "u", "v", "u", "v"}), options);
    std::vector<std::string> codes;
    for (const Warning& warning : dls.warnings()) codes.push_back(warning.code);
    EXPECT_THAT(codes, ElementsAre("rare_class", "class_not_in_validation"));
}

}  // namespace multi_label_test
}  // namespace embark
