#include <embark/predictor/tabular_encoder.h>

#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>

#include "test_files.h"

namespace embark {
namespace tabular_encoder_test {

using embark::testing::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

/// Two categories (one says where `age` is missing), two numbers, a text.
TabularEncoder encoder() {
    TabularEncoder made;
    made.categories = {{.name = "work", .vocabulary = Vocabulary::fit({"State", "Private"})},
                       {.name = "age_na", .vocabulary = Vocabulary::fit({"0", "1"}), .missing_in = "age"}};
    made.numbers = {{.name = "age", .fill = 40, .scaler = {Scaling::standard, 30, 10, {}}}, {.name = "hours"}};
    made.texts = {{.name = "note", .vocabulary = TextVocabulary::fit({"good good bad bad"}), .max_len = 3}};
    return made;
}

RawColumns columns() {
    return {{"work", {"Private", "Navy", std::nullopt}},
            {"age", {50, "", 30.5}},
            {"hours", {"40", 0.5, std::nan("")}},
            {"note", {"bad, GOOD?", "", "good"}},
            {"beside", {1, 2, 3}}};
}

TEST(TabularEncoder, names_what_it_needs) {
    EXPECT_THAT(encoder().input_names(), ElementsAre("work", "age", "hours", "note"));
}

TEST(TabularEncoder, encodes_columns_as_it_encodes_each_of_their_rows) {
    EncodingCounts of_columns, of_rows;
    const Tensors all = encoder().encode_columns(columns(), &of_columns);
    EXPECT_TRUE(at::equal(all[0], at::tensor({1, 1, 0, 2, 0, 1}, at::kLong).view({3, 2})));
    EXPECT_TRUE(at::equal(all[1], at::tensor({2.0, 40.0, 1.0, 0.5, 0.05, 0.0}, at::kFloat).view({3, 2})));
    EXPECT_TRUE(at::equal(all[2], at::tensor({2, 1, 3, 0, 0, 0, 3, 0, 0}, at::kLong).view({3, 3})));
    for (int64_t i = 0; i < 3; ++i) {
        RawRow row;
        for (const auto& [name, values] : columns()) row[name] = values[static_cast<size_t>(i)];
        const Tensors one = encoder().encode(row, &of_rows);
        for (size_t input = 0; input < all.size(); ++input) {
            EXPECT_TRUE(at::equal(one[input], all[input].slice(0, i, i + 1))) << i << ", " << input;
        }
    }
    EXPECT_THAT(of_columns.unknown, ElementsAre(Pair("work", 1)));
    EXPECT_THAT(of_columns.filled, ElementsAre(Pair("hours", 1)));
    EXPECT_EQ(of_columns.unknown, of_rows.unknown);
    EXPECT_EQ(of_columns.filled, of_rows.filled);
}

TEST(TabularEncoder, takes_the_parts_of_dates) {
    TabularEncoder dated;
    dated.dates = {{.name = "saledate"}};
    for (const auto& column : columns_of(dated.dates.front())) {
        if (column.name == "saleMonth") dated.categories = {{column.name, Vocabulary::fit({"1", "2", "7"})}};
        if (column.name == "saleElapsed") dated.numbers = {{.name = column.name, .fill = -1}};
    }
    EXPECT_THAT(dated.input_names(), ElementsAre("saledate"));
    const Tensors inputs = dated.encode_columns({{"saledate", {"1970-02-01", std::nullopt}}});
    EXPECT_TRUE(at::equal(inputs[0], at::tensor({2, 0}, at::kLong).view({2, 1})));
    EXPECT_TRUE(at::equal(inputs[1], at::tensor({31.0 * 86400, -1.0}, at::kFloat).view({2, 1})));
    EncodingCounts counts;
    const Tensors odd = dated.encode_columns({{"saledate", {"1970-02-01", "1.2.1970"}}}, &counts);
    EXPECT_TRUE(at::equal(odd[0], inputs[0]));
    EXPECT_TRUE(at::equal(odd[1], inputs[1]));
    EXPECT_EQ(counts.unreadable.at("saledate"), 1);
}

TEST(TabularEncoder, gives_tensors_of_no_rows) {
    const Tensors inputs = encoder().encode_columns({{"work", {}}, {"age", {}}, {"hours", {}}, {"note", {}}});
    EXPECT_EQ(inputs[0].sizes(), at::IntArrayRef({0, 2}));
    EXPECT_EQ(inputs[1].sizes(), at::IntArrayRef({0, 2}));
    EXPECT_EQ(inputs[2].sizes(), at::IntArrayRef({0, 3}));
}

TEST(TabularEncoder, says_what_is_wrong_with_columns) {
    const auto error = [](const std::string& name, std::vector<RawValue> values) {
        RawColumns changed = columns();
        changed[name] = std::move(values);
        return message_of<Error>([&] { encoder().encode_columns(changed); });
    };
    EXPECT_EQ(error("age", {1, 2, "old"}), "Column 'age' of row 2: 'old' is not a number up to 3.4e38");
    EXPECT_THAT(error("hours", {1, std::numeric_limits<double>::infinity(), 3}),
                HasSubstr("Column 'hours' of row 1: 'inf' is not a number"));
    EXPECT_EQ(error("age", {1, 2}), "Column 'age' has 2 values, but column 'work' has 3; all need as many");
    RawColumns without = columns();
    without["hour"] = without["hours"];
    without.erase("hours");
    EXPECT_EQ(
        message_of<Error>([&] { encoder().encode_columns(without); }),
        "There is no column 'hours', which the model needs; did you mean 'hour'? There are: age, beside, hour, note, "
        "work");
    EXPECT_THAT(message_of<Error>([] {
                    encoder().encode(RawRow{{"work", "x"}, {"age", "old"}, {"hours", 1}, {"note", ""}});
                }),
                HasSubstr("Column 'age' of the row: 'old' is not a number"));
}

}  // namespace tabular_encoder_test
}  // namespace embark
