#include <embark/core/error.h>
#include <embark/data/tabular/tabular.h>

#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace tabular_test {

using embark::testing::json_baseline;
using embark::testing::largest_difference;
using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

using Columns = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// The last two rows are for validation: they have a city of their own, and the only missing rent.
Columns flats() {
    return {{"city", {"Rome", "Oslo", "Rome", "", "Oslo", "Lima"}},
            {"size", {"40", "", "60", "80", "100", "20"}},
            {"rent", {"1", "2", "3", "4", "", "6"}},
            {"let", {"yes", "no", "yes", "yes", "no", "no"}},
            {"price", {"1.5", "2.5", "3.5", "4.5", "5.5", "6.5"}}};
}

Columns with(const std::string& name, std::vector<std::string> values) {
    Columns columns = flats();
    for (auto& [column, present] : columns) {
        if (column == name) present = values;
    }
    return columns;
}

TabularOptions let_or_not() {
    return {.y_names = {"let"},
            .cat_names = {"city"},
            .cont_names = {"size", "rent"},
            .scaling = Scaling::none,
            .splitter = index_splitter({4, 5}),
            .batch_size = 4,
            .shuffle = false};
}

TabularDataLoaders flats_dls(const TabularOptions& options = let_or_not()) {
    return TabularDataLoaders::from_table(Table::from_text(flats()), options);
}

std::string refusal(const Columns& columns, const TabularOptions& options = let_or_not()) {
    return message_of<Error>([&] { TabularDataLoaders::from_table(Table::from_text(columns), options); });
}

at::Tensor int_rows(const nlohmann::json& rows) {
    std::vector<at::Tensor> tensors;
    for (const auto& row : rows) tensors.push_back(at::tensor(row.get<std::vector<int64_t>>(), at::kLong));
    return at::stack(tensors);
}

at::Tensor double_rows(const nlohmann::json& rows) {
    std::vector<at::Tensor> tensors;
    for (const auto& row : rows) tensors.push_back(at::tensor(row.get<std::vector<double>>(), at::kDouble));
    return at::stack(tensors);
}

TEST(TabularProcs, give_what_fastais_give) {
    const auto baseline = json_baseline("tabular_procs.json");
    Columns columns;
    for (const auto& [name, values] : baseline["columns"].items()) {
        columns.emplace_back(name, values.get<std::vector<std::string>>());
    }
    std::vector<int64_t> valid;
    for (int64_t row = 45; row < 60; ++row) valid.push_back(row);
    const std::map<std::string, FillStrategy> strategies = {
        {"median", FillStrategy::median}, {"mode", FillStrategy::mode}, {"constant", FillStrategy::constant}};
    for (const auto& [name, strategy] : strategies) {
        SCOPED_TRACE(name);
        const auto& expected = baseline["strategies"][name];
        const auto dls =
            TabularDataLoaders::from_table(Table::from_text(columns), {.y_names = {"target"},
                                                                       .cat_names = {"city", "rooms", "owner"},
                                                                       .cont_names = {"age", "price"},
                                                                       .fill = strategy,
                                                                       .fill_constant = -1,
                                                                       .splitter = index_splitter(valid)});
        for (size_t i = 0; i < dls.categories().size(); ++i) {
            const CategoryColumn& column = dls.categories()[i];
            EXPECT_EQ(column.name, expected["cat_names"][i]);
            EXPECT_EQ(column.vocabulary.size(), static_cast<int64_t>(expected["vocabularies"][column.name].size()));
        }
        const auto whole = [](const DataLoaders& loaders, auto part) {
            return at::cat({part(loaders.train().data()), part(loaders.valid().data())});
        };
        EXPECT_TRUE(at::equal(whole(dls, [](const Batch& batch) { return batch.inputs[0]; }),
                              int_rows(expected["categories"])));
        EXPECT_LT(largest_difference(whole(dls, [](const Batch& batch) { return batch.inputs[1]; }),
                                     double_rows(expected["numbers"])),
                  1e-6);
        EXPECT_TRUE(at::equal(whole(dls, [](const Batch& batch) { return batch.targets[0]; }),
                              at::tensor(expected["target"].get<std::vector<int64_t>>(), at::kLong)));
    }
}

TEST(TabularDataLoaders, are_fitted_on_the_training_rows_alone) {
    const auto dls = flats_dls();
    const Batch& train = dls.train().data();
    EXPECT_TRUE(at::equal(train.inputs[0], at::tensor({2, 1, 1, 2, 2, 1, 0, 1}, at::kLong).view({4, 2})));
    EXPECT_TRUE(at::equal(train.inputs[1], at::tensor({40.f, 1.f, 60.f, 2.f, 60.f, 3.f, 80.f, 4.f}).view({4, 2})));
    EXPECT_TRUE(at::equal(train.targets[0], at::tensor({1, 0, 1, 1}, at::kLong)));
    const Batch& valid = dls.valid().data();
    EXPECT_TRUE(at::equal(valid.inputs[0], at::tensor({1, 1, 0, 1}, at::kLong).view({2, 2})));
    EXPECT_TRUE(at::equal(valid.inputs[1], at::tensor({100.f, 2.5f, 20.f, 6.f}).view({2, 2})));
    EXPECT_THAT(dls.classes().at("size_na").names(), ElementsAre("#na#", "False", "True"));
}

TEST(TabularDataLoaders, a_given_validation_table_is_encoded_alike) {
    const Table table = Table::from_text(flats());
    TabularOptions options = let_or_not();
    options.splitter = {};
    const auto dls = TabularDataLoaders::from_tables(table.head(4), table.take(at::tensor({4, 5}, at::kLong)), options);
    EXPECT_TRUE(at::equal(dls.valid().data().inputs[1], flats_dls().valid().data().inputs[1]));
    EXPECT_TRUE(at::equal(dls.valid().data().targets[0], at::tensor({0, 0}, at::kLong)));
}

TEST(TabularDataLoaders, take_the_rows_of_a_split_that_is_every_other_of_a_tensor) {
    const Table table = Table::from_text({{"x", {"1", "2", "3", "4"}}, {"y", {"1.5", "2.5", "4", "8"}}});
    const auto split = [](const Table&) {
        const at::Tensor rows = at::tensor({3, 9, 0, 9, 2, 9}, at::kLong);
        return Split{.train = rows.slice(0, 0, 6, 2), .valid = at::tensor({1}, at::kLong)};
    };
    const auto dls = TabularDataLoaders::from_table(
        table, {.y_names = {"y"}, .cont_names = {"x"}, .y_values = {"y"}, .scaling = Scaling::none, .splitter = split});
    const at::Tensor train = dls.train().data().inputs.at(1);
    EXPECT_TRUE(train.flatten().equal(at::tensor({4.F, 1.F, 3.F})));
}

TEST(TabularDataLoaders, counts_of_what_is_new_add_up) {
    const Table table =
        Table::from_text({{"c", {"a", "b", "a", "b"}}, {"x", {"1", "2", "3", "4"}}, {"y", {"1.5", "2.5", "4", "8"}}});
    const auto dls = TabularDataLoaders::from_table(table, {.y_names = {"y"},
                                                            .cat_names = {"c"},
                                                            .cont_names = {"x"},
                                                            .y_values = {"y"},
                                                            .splitter = index_splitter({3})});
    const Table other = Table::from_text({{"c", {"new", "a"}}, {"x", {"", "1"}}});
    EncodingCounts counts;
    for (int i = 0; i < 2; ++i) dls.test_dl(other, &counts);
    EXPECT_THAT(counts.unknown, ElementsAre(Pair("c", 2)));
    EXPECT_THAT(counts.filled, ElementsAre(Pair("x", 2)));
}

TEST(TabularDataLoaders, tell_columns_apart_where_none_is_named) {
    Columns columns = flats();
    columns.push_back({"rooms", {"1", "2", "3", "1", "2", "3"}});
    columns.push_back({"sold", {"2024-01-31", "2024-02-29", "", "2023-12-31", "2024-01-01", "2024-01-02"}});
    columns.push_back({"lift", {"true", "false", "true", "true", "false", "true"}});
    const auto kinds = cont_cat_split(Table::from_text(columns), {"let", "price"}, 4);
    EXPECT_THAT(kinds.cat_names, ElementsAre("city", "rooms", "sold", "lift"));
    EXPECT_THAT(kinds.cont_names, ElementsAre("size", "rent"));
    const auto dls = TabularDataLoaders::from_table(
        Table::from_text(columns), {.y_names = {"let"}, .ignore_names = {"price", "sold"}, .max_card = 2});
    EXPECT_THAT(dls.tabular().input_names(), ElementsAre("city", "lift", "size", "rent", "rooms"));
}

TEST(TabularDataLoaders, targets_are_classes_or_values_by_what_they_look_like) {
    auto options = let_or_not();
    options.y_names = {"let", "price", "floors", "lift"};
    options.splitter = column_splitter("valid");
    Columns columns = flats();
    columns.push_back({"valid", {"0", "0", "0", "0", "0", "0"}});
    columns.push_back({"floors", {"1", "2", "3", "4", "5", "6"}});
    columns.push_back({"lift", {"0", "1", "0", "0", "0", "1"}});
    const auto dls = TabularDataLoaders::from_table(Table::from_text(columns), options);
    std::vector<int64_t> widths;
    for (const auto& target : dls.targets()) widths.push_back(target.is_class() ? target.width() : 0);
    EXPECT_THAT(widths, ElementsAre(2, 0, 6, 2));
    EXPECT_EQ(dls.one_batch().targets.size(), 4U);
    EXPECT_TRUE(at::equal(dls.one_batch().targets[1], at::tensor({1.5f, 2.5f, 3.5f, 4.5f}).unsqueeze(1)));
    options.y_classes = {"let"};
    options.y_values = {"lift", "floors"};
    const auto other = TabularDataLoaders::from_table(Table::from_text(columns), options);
    EXPECT_FALSE(other.targets()[2].is_class());
    EXPECT_FALSE(other.targets()[3].is_class());
    EXPECT_FALSE(other.has_valid());
}

TEST(TabularDataLoaders, values_can_be_learned_by_logarithm_and_scaled_and_are_decoded_in_their_own_units) {
    auto options = let_or_not();
    options.y_names = {"price"};
    options.y_log = {"price"};
    options.scale_targets = true;
    const auto dls = flats_dls(options);
    const at::Tensor y = dls.train().data().targets[0];
    EXPECT_NEAR(y.mean().item<double>(), 0, 1e-6);
    EXPECT_NEAR(y.std(/*unbiased=*/false).item<double>(), 1, 1e-6);
    EXPECT_LT(largest_difference(dls.targets()[0].decode(y), at::tensor({1.5, 2.5, 3.5, 4.5}, at::kDouble)), 1e-6);
    EXPECT_NEAR(dls.decode(dls.valid().one_batch()).numbers("price")[1].item<double>(), 6.5, 1e-5);
}

TEST(TabularDataLoaders, categories_can_have_an_order_of_their_own) {
    auto options = let_or_not();
    options.ordered = {{"city", {"Rome", "Paris", "Oslo"}}};
    EXPECT_THAT(flats_dls(options).classes().at("city").names(), ElementsAre("#na#", "Rome", "Paris", "Oslo"));
    options.ordered = {{"city", {"Rome"}}};
    EXPECT_THAT(refusal(flats(), options), AllOf(HasSubstr("'Oslo'"), HasSubstr("order leaves out")));
}

TEST(TabularDataLoaders, decode_gives_raw_values_and_names_of_predictions) {
    auto options = let_or_not();
    options.scaling = Scaling::standard;
    const auto dls = flats_dls(options);
    const Table decoded = dls.decode(dls.one_batch(), {at::tensor({0, 1, 1, 0}, at::kLong)});
    EXPECT_THAT(decoded.names(), ElementsAre("city", "size_na", "size", "rent", "let", "prediction"));
    EXPECT_THAT(decoded.text("city"), ElementsAre("Rome", "Oslo", "Rome", "#na#"));
    EXPECT_THAT(decoded.text("let"), ElementsAre("yes", "no", "yes", "yes"));
    EXPECT_THAT(decoded.text("prediction"), ElementsAre("no", "yes", "yes", "no"));
    EXPECT_EQ(decoded.numbers("rent")[3].item<double>(), 4);
    EXPECT_THAT(decoded.text("size"), ElementsAre("40", "60", "60", "80"));
}

TEST(TabularData, encodes_columns_in_any_order_with_others_beside_them) {
    const auto dls = flats_dls();
    const Table table = Table::from_text(
        {{"rent", {"7", "8"}}, {"other", {"a", "b"}}, {"size", {"", "5"}}, {"city", {"Oslo", "Kyiv"}}});
    EncodingCounts counts;
    const Tensors inputs = dls.tabular().encode(table, &counts);
    EXPECT_TRUE(at::equal(inputs[0], at::tensor({1, 2, 0, 1}, at::kLong).view({2, 2})));
    EXPECT_TRUE(at::equal(inputs[1], at::tensor({60.f, 7.f, 5.f, 8.f}).view({2, 2})));
    EXPECT_THAT(counts.unknown, ElementsAre(Pair("city", 1)));
    EXPECT_THAT(counts.filled, IsEmpty());
}

TEST(TabularData, a_number_missing_only_at_prediction_is_filled_and_counted) {
    EncodingCounts counts;
    const Tensors inputs = flats_dls().tabular().encode(
        Table::from_text({{"rent", {"", "nan"}}, {"size", {"1", ""}}, {"city", {"", "Rome"}}}), &counts);
    EXPECT_TRUE(at::equal(inputs[1], at::tensor({1.f, 2.5f, 60.f, 2.5f}).view({2, 2})));
    EXPECT_THAT(counts.filled, ElementsAre(Pair("rent", 2)));
    EXPECT_THAT(counts.unknown, IsEmpty());
}

TEST(TabularData, a_raw_row_is_encoded_as_the_table_of_that_row) {
    const auto dls = flats_dls();
    const std::vector<RawRow> rows = {{{"city", "Oslo"}, {"size", 55}, {"rent", 2.25}},
                                      {{"city", "Kyiv"}, {"size", std::nullopt}, {"rent", "3"}, {"more", true}},
                                      {{"city", {}}, {"size", "80"}, {"rent", std::nan("")}}};
    for (const RawRow& row : rows) {
        Columns columns;
        for (const auto& [name, value] : row) columns.push_back({name, {value.text()}});
        EncodingCounts of_row, of_table;
        const Tensors inputs = dls.tabular().encode(row, &of_row);
        const Tensors expected = dls.tabular().encode(Table::from_text(columns), &of_table);
        EXPECT_TRUE(at::equal(inputs[0], expected[0]));
        EXPECT_TRUE(at::equal(inputs[1], expected[1]));
        EXPECT_EQ(of_row.unknown, of_table.unknown);
        EXPECT_EQ(of_row.filled, of_table.filled);
    }
}

TEST(RawValue, is_text_and_number_as_it_would_be_in_a_file) {
    EXPECT_EQ(RawValue(7).text(), "7");
    EXPECT_EQ(RawValue(0.1).text(), "0.1");
    EXPECT_EQ(RawValue(0.1f).number(), static_cast<double>(0.1f));
    EXPECT_EQ(RawValue(true).text(), "true");
    EXPECT_EQ(RawValue(" 12 ").number(), 12.0);
    EXPECT_EQ(RawValue("twelve").number(), std::nullopt);
    EXPECT_TRUE(std::isnan(*RawValue(std::nullopt).number()));
    EXPECT_EQ(RawValue(std::nan("")).text(), "");
}

TEST(TabularDataLoaders, test_dl_has_targets_where_the_table_has_them) {
    const auto dls = flats_dls();
    EXPECT_EQ(dls.test_dl(Table::from_text(flats()).head(2)).data().targets.size(), 1U);
    const Table without = Table::from_text(flats()).select({"rent", "city", "size"});
    EXPECT_TRUE(dls.test_dl(without).data().targets.empty());
}

TEST(TabularDataLoaders, warn_of_a_column_of_categories_that_are_nearly_all_different) {
    const auto warned = [](const TabularDataLoaders& dls) {
        std::vector<std::string> messages;
        for (const Warning& warning : dls.warnings()) {
            if (warning.code == "many_categories") messages.push_back(warning.message);
        }
        return messages;
    };
    EXPECT_THAT(warned(flats_dls()), IsEmpty());
    auto options = let_or_not();
    options.cat_names = {"rent"};
    options.cont_names = {};
    EXPECT_THAT(warned(flats_dls(options)), ElementsAre(HasSubstr("'rent' has 4 categories in 4 training rows")));
}

TEST(TabularDataLoaders, say_what_is_wrong_with_a_target) {
    EXPECT_THAT(refusal(with("let", {"yes", "yes", "yes", "yes", "no", "no"})),
                HasSubstr("Target 'let' has only one class in the 4 training rows, 'yes'"));
    EXPECT_THAT(refusal(with("let", {"yes", "", "no", "yes", "no", "no"})),
                HasSubstr("row 2, column 'let': the target is missing"));
    EXPECT_THAT(refusal(with("let", {"yes", "nan", "no", "yes", "no", "no"})),
                HasSubstr("row 2, column 'let': the target is missing"));
    EXPECT_THAT(refusal(with("let", {"yes", "no", "no", "yes", "perhaps", "no"})),
                AllOf(HasSubstr("row 5, column 'let': class 'perhaps' is not among the 2 of the training rows")));
    auto options = let_or_not();
    options.y_names = {"price"};
    EXPECT_THAT(refusal(with("price", {"1.5", "2", "nan", "4", "5", "6"}), options),
                HasSubstr("row 3, column 'price': the target is missing"));
    EXPECT_THAT(refusal(with("price", {"1.5", "2", "inf", "4", "5", "6"}), options),
                HasSubstr("row 3, column 'price': 'inf' is not a finite number"));
    EXPECT_THAT(refusal(with("price", {"1.5", "1.5", "1.5", "1.5", "5", "6"}), options),
                HasSubstr("Target 'price' has only one value in the 4 training rows"));
    options.y_log = {"price"};
    EXPECT_THAT(refusal(with("price", {"1.5", "0", "2", "4", "5", "6"}), options),
                HasSubstr("row 2, column 'price': 0 has no logarithm"));
    options.y_names = {"prize"};
    options.y_log = {};
    EXPECT_THAT(refusal(flats(), options), HasSubstr("did you mean 'price'"));
}

TEST(TabularDataLoaders, say_what_is_wrong_with_a_column) {
    EXPECT_THAT(refusal(with("city", {"", "", "", "", "Oslo", "Rome"})),
                HasSubstr("Column 'city' has no value in the 4 training rows"));
    EXPECT_THAT(refusal(with("size", {"", "NA", "", "", "100", "20"})),
                HasSubstr("Column 'size' has no value in the 4 training rows"));
    EXPECT_THAT(refusal(with("size", {"40", "big", "60", "80", "100", "20"})),
                HasSubstr("row 2, column 'size': 'big' is not a number"));
    EXPECT_THAT(refusal(with("size", {"40", "inf", "60", "80", "100", "20"})),
                HasSubstr("row 2, column 'size': inf is too large"));
    EXPECT_THAT(refusal(with("size", {"40", "1e39", "60", "80", "100", "20"})),
                HasSubstr("row 2, column 'size': 1e+39 is too large"));
    const auto dls = flats_dls();
    const Table without_rent = Table::from_text(flats()).select({"city", "size"});
    EXPECT_THAT(message_of<Error>([&] { dls.tabular().encode(without_rent); }), HasSubstr("'rent'"));
    EXPECT_THAT(message_of<Error>([&] {
                    dls.tabular().encode(RawRow{{"city", "Oslo"}, {"size", 5}});
                }),
                HasSubstr("no value for column 'rent'"));
    EXPECT_THAT(message_of<Error>([&] {
                    dls.tabular().encode({{"city", "Oslo"}, {"size", "big"}, {"rent", 1}});
                }),
                HasSubstr("Column 'size' of the row: 'big' is not a number up to 3.4e38"));
}

TEST(TabularDataLoaders, refuse_settings_that_cannot_be_right) {
    const auto message = [](auto change) {
        TabularOptions options = let_or_not();
        change(options);
        return message_of<UsageError>([&] { flats_dls(options); });
    };
    EXPECT_THAT(message([](auto& options) { options.y_names = {}; }), HasSubstr("No target is named"));
    EXPECT_THAT(message([](auto& options) { options.cat_names = {"let"}; }),
                HasSubstr("'let' is named both among the targets and the categories"));
    EXPECT_THAT(message([](auto& options) { options.cont_names = {"size", "size"}; }), HasSubstr("twice"));
    EXPECT_THAT(message([](auto& options) { options.y_log = {"rent"}; }), HasSubstr("'rent', which is not a target"));
    EXPECT_THAT(message([](auto& options) { options.hide_categories = 1; }), HasSubstr("hide_categories 1"));
    EXPECT_THAT(message([](auto& options) { options.batch_size = 0; }), HasSubstr("batch size"));
}

}  // namespace tabular_test
}  // namespace embark
