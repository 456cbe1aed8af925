#include <embark/core/error.h>
#include <embark/data/tabular/tabular.h>

#include <sstream>

#include <ATen/ATen.h>
#include <arrow/api.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace column_kinds_test {

using embark::testing::message_of;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Columns = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// `values` again and again, `rows` of them.
std::vector<std::string> repeated(const std::vector<std::string>& values, size_t rows = 60) {
    std::vector<std::string> column;
    for (size_t row = 0; row < rows; ++row) column.push_back(values[row % values.size()]);
    return column;
}

std::vector<std::string> numbered(const std::string& prefix = "", size_t rows = 60) {
    std::vector<std::string> column;
    for (size_t row = 0; row < rows; ++row) column.push_back(prefix + std::to_string(row * 7 % rows));
    return column;
}

/// Sixty rows with a number, a city, and what is given.
Columns trips(Columns more = {}) {
    Columns columns = {{"age", numbered()}, {"city", repeated({"Rome", "Oslo", "Lima", "Kyiv", "Bern"})}};
    columns.insert(columns.end(), more.begin(), more.end());
    return columns;
}

Columns with_y(Columns more = {}) {
    more.push_back({"y", repeated({"no", "yes", "yes"})});
    return trips(std::move(more));
}

TabularDataLoaders loaders(const Columns& columns, TabularOptions options) {
    if (options.y_names.empty()) options.y_names = {"y"};
    return TabularDataLoaders::from_table(Table::from_text(columns), options);
}

std::string refusal(const Columns& columns, const TabularOptions& options = {}) {
    return message_of<Error>([&] { loaders(columns, options); });
}

/// "age number", "city category (as named)", …
std::vector<std::string> shown(const std::vector<ColumnSummary>& columns) {
    std::vector<std::string> all;
    for (const auto& column : columns) {
        all.push_back(concat(column.name, " ", to_string(column.kind),
                             column.reason.empty() ? "" : concat(" (", column.reason, ")")));
    }
    return all;
}

std::vector<std::string> codes(const std::vector<Warning>& warnings) {
    std::vector<std::string> all;
    for (const auto& warning : warnings) all.push_back(warning.code);
    return all;
}

/// What a target of these values is taken for: its classes, or "value".
std::vector<std::string> taken(const std::vector<std::string>& values, const TabularOptions& options = {}) {
    const auto dls = loaders(trips({{"y", values}}), options);
    return dls.targets()[0].is_class() ? dls.target_classes(0) : std::vector<std::string>{"value"};
}

TEST(ColumnKinds, integers_of_at_most_ten_values_and_words_are_classes) {
    EXPECT_THAT(taken(repeated({"1", "2", "3", "4", "5"})), ElementsAre("1", "2", "3", "4", "5"));
    EXPECT_THAT(taken(repeated({"0.0", "1.0"})), ElementsAre("0", "1"));
    EXPECT_THAT(taken(repeated({"1", "1.0", "2"})), ElementsAre("1", "2"));
    EXPECT_THAT(taken(repeated({"TRUE", "True", "true", "FALSE", "false"})), ElementsAre("false", "true"));
    EXPECT_THAT(taken(repeated({"0.5", "1.5"})), ElementsAre("value"));
    EXPECT_THAT(taken(repeated({"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"})).size(), 10U);
    EXPECT_THAT(taken(repeated({"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"})), ElementsAre("value"));
    EXPECT_THAT(taken(repeated({"1", "2", "3"}), {.y_values = {"y"}}), ElementsAre("value"));
    EXPECT_THAT(taken(repeated({"1", "2", "3"}), {.max_classes = 2}), ElementsAre("value"));
    EXPECT_THAT(taken(repeated({"0.5", "1.5"}), {.y_classes = {"y"}}), ElementsAre("0.5", "1.5"));
    EXPECT_THAT(message_of<UsageError>([&] { taken(repeated({"1", "2"}), {.y_classes = {"y"}, .y_values = {"y"}}); }),
                HasSubstr("both among the classes and the values"));
}

TEST(ColumnKinds, targets_of_floating_point_numbers_are_judged_by_what_they_are) {
    Table table = Table::from_text(trips());
    std::vector<double> half(60), whole(60);
    for (size_t row = 0; row < 60; ++row) {
        whole[row] = static_cast<double>(row % 3);
        half[row] = whole[row] / 2;
    }
    table = table.with_column("whole", at::tensor(whole, at::kDouble)).with_column("half", at::tensor(half, at::kDouble));
    const auto dls = TabularDataLoaders::from_table(table, {.y_names = {"whole", "half"}});
    EXPECT_THAT(dls.target_classes(0), ElementsAre("0", "1", "2"));
    EXPECT_FALSE(dls.targets()[1].is_class());
    EXPECT_THAT(dls.tabular_options().y_classes, ElementsAre("whole"));
    EXPECT_THAT(dls.tabular_options().y_values, ElementsAre("half"));
}

TEST(ColumnKinds, missing_targets_are_counted_and_can_be_dropped) {
    std::vector<std::string> words = repeated({"yes", "no"}), stars = repeated({"1", "2", "3"});
    words[3] = words[8] = "NA";
    words[20] = "None";
    words[21] = "nan";
    words[22] = "";
    stars[7] = "-";
    const Columns columns = trips({{"y", words}, {"stars", stars}});
    EXPECT_THAT(refusal(columns, {.ignore_names = {"stars"}}),
                AllOf(HasSubstr("row 4, column 'y': the target is missing, as in 5 of 60 rows"),
                      HasSubstr("drop_missing"), HasSubstr("--drop-missing-target")));
    EXPECT_THAT(refusal(columns, {.y_names = {"stars"}, .ignore_names = {"y"}}),
                HasSubstr("row 8, column 'stars': the target is missing, as in 1 of 60 rows"));
    const Table kept = Table::from_text(columns).drop_missing({"y", "stars"});
    EXPECT_EQ(kept.rows(), 54);
    const auto dls = TabularDataLoaders::from_table(kept, {.y_names = {"y", "stars"}});
    EXPECT_THAT(dls.target_classes(0), ElementsAre("no", "yes"));
    EXPECT_THAT(dls.target_classes(1), ElementsAre("1", "2", "3"));
    EXPECT_EQ(Table::from_text(columns).drop_missing({"age"}).rows(), 60);
    EXPECT_THAT(message_of<Error>([&] { Table::from_text(columns).drop_missing({"agf"}); }), HasSubstr("'age'"));
}

TEST(ColumnKinds, a_missing_target_of_validation_rows_is_counted_too) {
    const Table train = Table::from_text(with_y());
    Columns other = with_y();
    other.back().second[1] = "";
    other.back().second[5] = "NA";
    EXPECT_THAT(message_of<Error>([&] {
                    TabularDataLoaders::from_tables(train, Table::from_text(other), {.y_names = {"y"}});
                }),
                HasSubstr("row 2, column 'y': the target is missing, as in 2 of 60 rows"));
}

TEST(ColumnKinds, what_is_odd_in_a_target_is_not_guessed_at) {
    std::vector<std::string> odd = repeated({"1", "2", "3"});
    odd[4] = "many";
    EXPECT_THAT(refusal(trips({{"y", odd}})), AllOf(HasSubstr("row 5, column 'y': 'many'"), HasSubstr("--classes y")));
    const auto dls = loaders(trips({{"y", odd}}), {.y_classes = {"y"}});
    EXPECT_EQ(dls.target_classes(0).size(), 4U);
    EXPECT_THAT(codes(dls.warnings()), Contains("odd_class"));
    EXPECT_THAT(refusal(trips({{"y", repeated({"2024-01-31", "2024-02-29"})}})), HasSubstr("has dates"));
}

TEST(ColumnKinds, columns_that_are_not_named_are_found_and_what_is_no_feature_is_left_out) {
    const Columns columns = with_y({{"Unnamed: 0", numbered()},
                                    {"Unnamed: 6", repeated({""})},
                                    {"words", repeated({"NA", "nan", ""})},
                                    {"rooms", repeated({"1", "2", "3", "4"})},
                                    {"lift", repeated({"True", "False", "False"})},
                                    {"same", repeated({"x"})},
                                    {"sold", repeated({"2024-01-31", "2024-02-29", ""})}});
    const auto dls = loaders(columns, {});
    EXPECT_THAT(shown(dls.columns()),
                ElementsAre("age number", "city category", "Unnamed: 0 ignored (an index by its name)",
                            "Unnamed: 6 ignored (no value in any of the 60 rows)", HasSubstr("words "),
                            "rooms category (integers of 4 values)", "lift category (true/false)", "same category",
                            "sold date", "y class"));
    EXPECT_THAT(codes(dls.warnings()), AllOf(Contains("index_column"), Contains("empty_column"),
                                             Contains("constant_column")));
    EXPECT_EQ(dls.columns()[0].distinct, 60);
    EXPECT_EQ(dls.columns()[8].missing, 20);
    EXPECT_THAT(loaders(columns, {.cont_names = {"Unnamed: 0"}}).numbers()[0].name, "Unnamed: 0");
    EXPECT_THAT(refusal(columns, {.cat_names = {"Unnamed: 6"}}), HasSubstr("'Unnamed: 6' has no value"));
}

TEST(ColumnKinds, a_column_without_a_value_for_training_is_left_out_unless_it_is_named) {
    std::vector<std::string> late(60);
    late[59] = "x";
    const auto split = index_splitter({58, 59});
    const auto dls = loaders(with_y({{"late", late}}), {.splitter = split});
    EXPECT_THAT(shown(dls.columns()), Contains("late ignored (no value in the 58 training rows)"));
    EXPECT_THAT(refusal(with_y({{"late", late}}), {.cat_names = {"late"}, .splitter = split}),
                HasSubstr("'late' has no value in the 58 training rows"));
}

TEST(ColumnKinds, lists_structures_and_bytes_are_left_out_unless_they_are_named) {
    const auto values = std::make_shared<arrow::StringBuilder>();
    arrow::ListBuilder lists(arrow::default_memory_pool(), values);
    arrow::BinaryBuilder bytes;
    for (int row = 0; row < 60; ++row) {
        ASSERT_TRUE(lists.Append().ok() && values->Append("a").ok() && bytes.Append("\xff").ok());
    }
    const auto column = [](const auto& array) { return std::make_shared<arrow::ChunkedArray>(array); };
    const Table table = Table::from_text(with_y())
                            .with_column("tags", column(lists.Finish().ValueOrDie()))
                            .with_column("bytes", column(bytes.Finish().ValueOrDie()))
                            .with_column("none", column(std::make_shared<arrow::NullArray>(60)));
    const auto dls = TabularDataLoaders::from_table(table, {.y_names = {"y"}});
    EXPECT_THAT(dls.tabular().input_names(), ElementsAre("city", "age"));
    EXPECT_THAT(codes(dls.warnings()), ElementsAre("unreadable_column", "unreadable_column", "empty_column"));
    EXPECT_THAT(dls.warnings()[0].message, AllOf(HasSubstr("'tags'"), HasSubstr("list<"), HasSubstr("left out")));
    for (const std::string name : {"tags", "bytes", "none"}) {
        const TabularOptions named = {.y_names = {"y"}, .cat_names = {name}};
        EXPECT_THAT(message_of<Error>([&] { TabularDataLoaders::from_table(table, named); }), HasSubstr(name));
    }
    EXPECT_THAT(codes(TabularDataLoaders::from_table(
                          table, {.y_names = {"y"}, .ignore_names = {"tags", "bytes", "none"}})
                          .warnings()),
                IsEmpty());
}

TEST(ColumnKinds, naming_some_columns_leaves_the_others_to_be_found_where_that_is_asked_for) {
    const Columns columns = with_y({{"rooms", repeated({"1", "2", "3", "4"})}});
    const auto alone = loaders(columns, {.cont_names = {"rooms"}});
    EXPECT_THAT(alone.tabular().input_names(), ElementsAre("rooms"));
    EXPECT_THAT(shown(alone.columns()),
                ElementsAre("age ignored (other columns are named)", "city ignored (other columns are named)",
                            "rooms number (as named)", "y class"));
    const auto others = loaders(columns, {.cont_names = {"rooms"}, .find_others = true});
    EXPECT_THAT(others.tabular().input_names(), ElementsAre("city", "rooms", "age"));
    const auto only = loaders(columns, {.cont_names = {"rooms"}, .find_others = true, .only_names = {"rooms", "city"}});
    EXPECT_THAT(only.tabular().input_names(), ElementsAre("city", "rooms"));
    const auto ordered = loaders(columns, {.ordered = {{"rooms", {"4", "3", "2", "1"}}}});
    EXPECT_THAT(ordered.classes().at("rooms").names(), ElementsAre("#na#", "4", "3", "2", "1"));
}

TEST(ColumnKinds, names_that_contradict_one_another_are_refused) {
    const auto message = [](const TabularOptions& options) {
        return message_of<UsageError>([&] { loaders(with_y(), options); });
    };
    EXPECT_THAT(message({.cat_names = {"city"}, .ignore_names = {"city"}}), HasSubstr("both among the categories and"));
    EXPECT_THAT(message({.ignore_names = {"y"}}), HasSubstr("both among the targets and the columns to ignore"));
    EXPECT_THAT(message({.ignore_names = {"age"}, .only_names = {"age"}}), HasSubstr("both among the columns to ignore"));
    EXPECT_THAT(message({.cat_names = {"city"}, .only_names = {"age"}}), HasSubstr("'city' is named among the categories"));
    EXPECT_THAT(message({.cont_names = {"age"}, .ordered = {{"age", {"1"}}}}), HasSubstr("ordered"));
    EXPECT_THAT(refusal(with_y(), {.ignore_names = {"aeg"}}), HasSubstr("did you mean 'age'"));
    EXPECT_THAT(refusal(with_y(), {.only_names = {"aeg"}}), HasSubstr("did you mean 'age'"));
    EXPECT_THAT(refusal(with_y(), {.ignore_names = {"age", "city"}}), HasSubstr("Nothing is left to predict y from"));
}

TEST(ColumnKinds, a_column_that_says_what_the_target_says_is_warned_of) {
    EXPECT_THAT(codes(loaders(with_y({{"label", repeated({"0", "1", "1"})}}), {}).warnings()),
                ElementsAre("same_as_target"));
    EXPECT_THAT(codes(loaders(with_y({{"label", repeated({"0", "1", "0"})}}), {}).warnings()), IsEmpty());
    // Values that all differ go one to one with anything.
    std::vector<std::string> price, id;
    for (int row = 0; row < 60; ++row) {
        price.push_back(std::to_string(row * 13 % 60) + ".5");
        id.push_back(std::to_string(row));
    }
    EXPECT_THAT(codes(loaders(trips({{"id", id}, {"y", price}}), {}).warnings()), IsEmpty());
    EXPECT_THAT(codes(loaders(trips({{"cost", price}, {"y", price}}), {}).warnings()), ElementsAre("same_as_target"));
    EXPECT_THAT(codes(loaders(with_y({{"age.1", numbered()}}), {}).warnings()), ElementsAre("repeated_column"));
    EXPECT_THAT(codes(loaders(with_y({{"age.1", numbered("1")}}), {}).warnings()), IsEmpty());
}

TEST(ColumnKinds, rare_classes_and_those_that_validation_lacks_are_warned_of) {
    std::vector<std::string> y = repeated({"a", "b"});
    y[0] = "c";
    const auto dls = loaders(trips({{"y", y}}), {.splitter = index_splitter({50, 52, 54})});
    ASSERT_THAT(codes(dls.warnings()), ElementsAre("rare_class", "class_not_in_validation"));
    EXPECT_THAT(dls.warnings()[0].message, AllOf(HasSubstr("single training row"), HasSubstr("'c'"), Not(HasSubstr("'b'"))));
    EXPECT_THAT(dls.warnings()[1].message, HasSubstr("none of the 3 validation rows has, so that the metrics say nothing "
                                                     "of them: 'b', 'c'"));
}

TEST(ColumnKinds, values_that_training_did_not_have_are_counted_in_validation_rows_of_their_own) {
    Columns other = with_y();
    other[1].second[0] = "OSLO";
    other[0].second[2] = "";
    const auto dls =
        TabularDataLoaders::from_tables(Table::from_text(with_y()), Table::from_text(other), {.y_names = {"y"}});
    EXPECT_EQ(dls.warnings().size(), 2U);
    EXPECT_THAT(dls.warnings()[0].message, AllOf(HasSubstr("'city'"), HasSubstr("1 value")));
    EXPECT_THAT(dls.warnings()[1].message, AllOf(HasSubstr("'age'"), HasSubstr("1 missing value")));
}

TEST(ColumnKinds, a_split_is_refused_where_the_validation_rows_are_given) {
    const Table table = Table::from_text(with_y());
    const auto message = [&](const TabularOptions& options) {
        return message_of<UsageError>([&] { TabularDataLoaders::from_tables(table, table, options); });
    };
    EXPECT_THAT(message({.y_names = {"y"}, .splitter = index_splitter({1})}), HasSubstr("splitter"));
    EXPECT_THAT(message({.y_names = {"y"}, .valid_pct = 0.3}), HasSubstr("valid_pct 0.3"));
}

TEST(ColumnKinds, a_table_is_described_without_a_target_and_with_what_training_would_refuse) {
    std::vector<std::string> rooms = numbered(), y = repeated({"no", "yes"});
    rooms[2] = "many";
    y[1] = "";
    const Table table = Table::from_text(trips({{"rooms", rooms}, {"y", y}}));
    const TableDescription description = describe(table);
    EXPECT_THAT(shown(description.columns), ElementsAre("age number", "city category", "rooms number", "y category"));
    EXPECT_THAT(codes(description.warnings), ElementsAre("unsettled_column"));
    EXPECT_THAT(description.warnings[0].message, AllOf(HasSubstr("row 3, column 'rooms'"), HasSubstr("--cat rooms")));
    EXPECT_THAT(codes(describe(table, {.y_names = {"y"}}).warnings), ElementsAre("unsettled_column", "missing_target"));
}

TEST(ColumnKinds, are_printed_as_lines) {
    std::ostringstream out;
    out << describe(Table::from_text(with_y({{"a\nb", repeated({"1", "2"})}})), {.y_names = {"y"}}).columns;
    EXPECT_EQ(out.str(), "column  taken as  distinct  missing  why\n"
                         "age     number          60        0\n"
                         "city    category         5        0\n"
                         "a b     category         2        0  integers of 2 values\n"
                         "y       class            2        0\n");
}

}  // namespace column_kinds_test
}  // namespace embark
