#include <embark/core/error.h>
#include <embark/data/collab/collab.h>
#include <embark/data/csv/csv.h>

#include <sstream>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace collab_test {

using embark::testing::data_folder;
using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Rows 0 to 3 are for training, the last two for validation; these have a user and an item of their own.
Table ratings() {
    return Table::from_text({{"user", {"10", "9", "10", "10", "9", "77"}},
                             {"movie", {"B", "A", "A", "B", "C", "A"}},
                             {"rating", {"4", "3.5", "5", "1", "2", "3"}}});
}

CollabOptions last_two_for_validation() {
    return {.splitter = index_splitter({4, 5}), .batch_size = 2};
}

TEST(CollabDataLoaders, encodes_users_and_items_in_one_tensor) {
    const auto dls = CollabDataLoaders::from_table(ratings(), last_two_for_validation());
    const TensorDataset& train = dls.train().data();
    EXPECT_TRUE(at::equal(train.inputs.at(0), at::tensor({2, 2, 1, 1, 2, 1, 2, 2}, at::kLong).view({4, 2})));
    EXPECT_TRUE(at::equal(train.targets.at(0), at::tensor({4.f, 3.5f, 5.f, 1.f}).unsqueeze(1)));
    EXPECT_EQ(train.targets.at(0).scalar_type(), at::kFloat);
}

TEST(CollabDataLoaders, vocabularies_know_the_training_rows_alone) {
    const auto dls = CollabDataLoaders::from_table(ratings(), last_two_for_validation());
    EXPECT_THAT(dls.users().names(), ElementsAre("#na#", "9", "10"));
    EXPECT_THAT(dls.items().names(), ElementsAre("#na#", "A", "B"));
    EXPECT_TRUE(at::equal(dls.valid().data().inputs.at(0), at::tensor({1, 0, 0, 1}, at::kLong).view({2, 2})));
    EXPECT_EQ(dls.classes().at("movie").names(), dls.items().names());
    EXPECT_EQ(dls.classes().at("user").size(), 3);
}

TEST(CollabDataLoaders, remembers_what_each_user_rated_in_training) {
    const auto dls = CollabDataLoaders::from_table(ratings(), last_two_for_validation());
    EXPECT_TRUE(at::equal(dls.collab().rated().offsets, at::tensor({0, 0, 1, 3}, at::kLong)));
    EXPECT_TRUE(at::equal(dls.collab().rated().items, at::tensor({1, 1, 2}, at::kLong)));
    EXPECT_EQ(dls.collab().rating_min, 1);
    EXPECT_EQ(dls.collab().rating_max, 5);
}

TEST(CollabDataLoaders, missing_ids_are_0_and_count_as_rated_by_nobody) {
    const Table table = Table::from_text(
        {{"user", {"", "a", "a", "b"}}, {"item", {"x", "", "x", "x"}}, {"rating", {"1", "2", "3", "4"}}});
    const auto dls = CollabDataLoaders::from_table(table, {.splitter = index_splitter({})});
    EXPECT_FALSE(dls.has_valid());
    EXPECT_TRUE(at::equal(dls.train().data().inputs[0], at::tensor({0, 1, 1, 0, 1, 1, 2, 1}, at::kLong).view({4, 2})));
    EXPECT_TRUE(at::equal(dls.collab().rated().offsets, at::tensor({0, 0, 1, 2}, at::kLong)));
    EXPECT_TRUE(at::equal(dls.collab().rated().items, at::tensor({1, 1}, at::kLong)));
    ASSERT_EQ(dls.warnings().size(), 2U);
    EXPECT_EQ(dls.warnings()[0].code, "missing_ids");
    EXPECT_EQ(dls.warnings()[0].message,
              "column 'user' has no id in 1 rating of the training part; they are kept as those of #na#, which stands "
              "for unknown ids");
}

TEST(CollabDataLoaders, columns_with_nothing_but_missing_ids_are_refused) {
    const Table table = Table::from_text({{"user", {"a", "b"}}, {"item", {"", " "}}, {"rating", {"1", "2"}}});
    EXPECT_EQ(message_of<Error>([&] { CollabDataLoaders::from_table(table, {.splitter = index_splitter({})}); }),
              "Column 'item' has no id in its 2 training ratings");
}

TEST(CollabDataLoaders, unknown_ids_of_validation_and_test_ratings_are_counted) {
    const auto dls = CollabDataLoaders::from_table(ratings(), last_two_for_validation());
    EXPECT_EQ(dls.valid_counts().unknown, (std::map<std::string, int64_t>{{"movie", 1}, {"user", 1}}));
    ASSERT_EQ(dls.warnings().size(), 2U);
    EXPECT_EQ(dls.warnings()[1].code, "unknown_ids");
    EXPECT_EQ(dls.warnings()[1].message,
              "in the validation ratings, column 'user' has 1 value that training did not have; taken as unknown");
    EncodingCounts counts;
    const DataLoader test = dls.test_dl(ratings(), &counts);
    EXPECT_EQ(counts.unknown, dls.valid_counts().unknown);
    EXPECT_TRUE(at::equal(test.data().inputs[0].narrow(0, 4, 2), dls.valid().data().inputs[0]));
    EncodingCounts encoded;
    dls.collab().encode({"9", "nobody"}, {"B", ""}, &encoded);
    EXPECT_EQ(encoded.unknown, (std::map<std::string, int64_t>{{"user", 1}}));
    EXPECT_EQ(encoded.seen.at("movie").missing, 1);
}

TEST(CollabDataLoaders, ids_that_look_alike_stay_apart) {
    const Table table = Table::from_text({{"user", {"7", "007", "9223372036854775808", "9223372036854775809"}},
                                          {"item", {"a", "A", "a b", "é"}},
                                          {"rating", {"1", "2", "3", "4"}}});
    const auto dls = CollabDataLoaders::from_table(table, {.splitter = index_splitter({})});
    EXPECT_EQ(dls.users().size(), 5);
    EXPECT_EQ(dls.items().size(), 5);
}

TEST(CollabDataLoaders, columns_can_stand_anywhere_under_any_name) {
    const Table table =
        Table::from_text({{"time", {"1", "2"}}, {"stars", {"4", "5"}}, {"title", {"x", "y"}}, {"who", {"b", "a"}}});
    const auto dls = CollabDataLoaders::from_table(
        table, {.user_name = "who", .item_name = "title", .rating_name = "stars", .splitter = index_splitter({})});
    EXPECT_TRUE(at::equal(dls.train().data().inputs[0], at::tensor({2, 1, 1, 2}, at::kLong).view({2, 2})));
    EXPECT_EQ(dls.collab().rating_name, "stars");
}

TEST(CollabDataLoaders, validation_ratings_from_a_second_table) {
    const Table valid = Table::from_text({{"rating", {"2", "3"}}, {"movie", {"A", "Z"}}, {"user", {"9", "10"}}});
    const auto dls = CollabDataLoaders::from_tables(ratings(), valid, {.batch_size = 2});
    EXPECT_EQ(dls.train().rows(), 6);
    EXPECT_THAT(dls.items().names(), ElementsAre("#na#", "A", "B", "C"));
    EXPECT_TRUE(at::equal(dls.valid().data().inputs[0], at::tensor({1, 1, 2, 0}, at::kLong).view({2, 2})));
    EXPECT_TRUE(at::equal(dls.valid().data().targets[0], at::tensor({2.f, 3.f}).unsqueeze(1)));
}

TEST(CollabDataLoaders, decoding_gives_raw_values_back) {
    const auto dls = CollabDataLoaders::from_table(
        ratings(), {.splitter = index_splitter({4, 5}), .batch_size = 2, .shuffle = false});
    const Table batch = dls.decoded_batch();
    EXPECT_THAT(batch.names(), ElementsAre("user", "movie", "rating"));
    EXPECT_THAT(batch.text("user"), ElementsAre("10", "9"));
    EXPECT_THAT(batch.text("movie"), ElementsAre("B", "A"));
    std::ostringstream out;
    dls.show_batch(out);
    EXPECT_EQ(out.str(),
              "   user  movie  rating\n"
              "0    10      B       4\n"
              "1     9      A     3.5\n");
    EXPECT_THAT(dls.collab().decode(dls.valid().one_batch()).text("movie"), ElementsAre("#na#", "A"));
    EXPECT_EQ(dls.collab().decode({.inputs = {at::zeros({1, 2}, at::kLong)}, .targets = {}}).columns(), 2);
}

TEST(CollabDataLoaders, encode_takes_raw_values) {
    const auto dls = CollabDataLoaders::from_table(ratings(), last_two_for_validation());
    EXPECT_TRUE(
        at::equal(dls.collab().encode({"9", "nobody"}, {"B", "A"}), at::tensor({1, 2, 0, 1}, at::kLong).view({2, 2})));
    EXPECT_EQ(dls.collab().encode({}, {}).sizes(), at::IntArrayRef({0, 2}));
    EXPECT_THAT(message_of<Error>([&] { dls.collab().encode({"9"}, {}); }),
                HasSubstr("1 users were given and 0 items"));
}

TEST(CollabDataLoaders, wrong_ratings_name_file_row_and_column) {
    const TemporaryFolder folder;
    const auto error = [&](const std::string& rating) {
        const auto path = folder.write("r.csv", "user,item,rating\n1,2,3\n1,3," + rating + "\n");
        return message_of<Error>([&] { CollabDataLoaders::from_table(read_csv(path)); });
    };
    const std::string place = (folder.path() / "r.csv").string() + ", row 2 (line 3), column 'rating': ";
    EXPECT_EQ(error("abc"), place + "'abc' is not a number");
    EXPECT_EQ(error(""), place + "the value is missing, and a number is needed");
    EXPECT_EQ(error("NaN"), error(""));
    EXPECT_EQ(error("-inf"), place + "'-inf' is not a finite number");
    EXPECT_THAT(error("1e39"), HasSubstr(place + "the rating is too large to train with, at most 1e+17 is"));
    EXPECT_THAT(error("-2e17"), HasSubstr("too large to train with"));
}

TEST(CollabDataLoaders, wrong_columns) {
    const auto error = [](const Table& table, const CollabOptions& options) {
        return message_of<Error>([&] { CollabDataLoaders::from_table(table, options); });
    };
    EXPECT_EQ(error(ratings(), {.item_name = "title"}),
              "There is no column 'title' in the table; there are: user, movie, rating");
    EXPECT_THAT(error(ratings().select({"user", "movie"}), {}), HasSubstr("has only 2 columns"));
    EXPECT_THAT(error(ratings(), {.item_name = "user"}), HasSubstr("'user' cannot hold both the users and the items"));
    EXPECT_THAT(error(ratings(), {.rating_name = "movie"}), HasSubstr("both the items and the ratings"));
    const Table no_rating = ratings().rename("rating", "stars");
    EXPECT_THAT(message_of<Error>([&] { CollabDataLoaders::from_tables(ratings(), no_rating); }),
                HasSubstr("There is no column 'rating'"));
}

TEST(CollabDataLoaders, no_ratings_and_no_training_rows) {
    const TemporaryFolder folder;
    const auto path = folder.write("head.csv", "user,item,rating\n");
    EXPECT_EQ(message_of<Error>([&] { CollabDataLoaders::from_table(read_csv(path)); }),
              "There are no ratings in " + path.string());
    const CollabOptions all = {.splitter = index_splitter({0, 1, 2, 3, 4, 5})};
    EXPECT_THAT(message_of<Error>([&] { CollabDataLoaders::from_table(ratings(), all); }),
                HasSubstr("No row is left for training"));
    EXPECT_THAT(message_of<Error>([] { CollabDataLoaders::from_table(ratings().head(4)); }),
                HasSubstr("The validation part would be empty: 0.2 of 4 rows"));
}

TEST(CollabDataLoaders, a_splitter_must_give_rows_of_the_table) {
    const auto error = [](const Split& split) {
        return message_of<Error>(
            [&] { CollabDataLoaders::from_table(ratings(), {.splitter = [=](const Table&) { return split; }}); });
    };
    EXPECT_THAT(error({at::tensor({0, 6}, at::kLong), at::tensor({1}, at::kLong)}), HasSubstr("training rows"));
    EXPECT_THAT(error({at::tensor({0}, at::kLong), at::tensor({-1}, at::kLong)}), HasSubstr("validation rows"));
    EXPECT_THAT(error({at::tensor({0.5}), at::tensor({1}, at::kLong)}), HasSubstr("1-d int64"));
    EXPECT_THAT(error({at::empty({0}, at::kLong), at::tensor({1}, at::kLong)}), HasSubstr("No row is left"));
}

TEST(CollabDataLoaders, settings_that_can_never_be_right_are_usage_errors) {
    const auto error = [](const CollabOptions& options) {
        return message_of<UsageError>([&] { CollabDataLoaders::from_table(ratings(), options); });
    };
    EXPECT_THAT(error({.batch_size = 0}), HasSubstr("Invalid batch size: 0"));
    EXPECT_THAT(error({.valid_batch_size = -5}), HasSubstr("Invalid valid_batch_size: -5"));
    EXPECT_THAT(error({.valid_pct = 0}), HasSubstr("Invalid valid_pct: 0"));
}

TEST(CollabDataLoaders, movielens_100k) {
    const auto data = data_folder();
    if (!data) GTEST_SKIP() << "no real data; set EMBARK_DATA";
    const CsvOptions layout = {.delimiter = '\t', .column_names = {"user", "movie", "rating", "timestamp"}};
    const Table titles =
        read_csv(*data / "ml-100k" / "u.item",
                 {.delimiter = '|', .encoding = "latin-1", .use_columns = {0, 1}, .column_names = {"movie", "title"}});
    const Table ratings = read_csv(*data / "ml-100k" / "u.data", layout).join(titles, "movie");
    const auto all = CollabDataLoaders::from_table(ratings, {.item_name = "title", .splitter = index_splitter({})});
    EXPECT_EQ(all.users().size(), 943 + 1);
    EXPECT_EQ(all.items().size(), 1664 + 1);
    EXPECT_EQ(all.users().name(943), "943");

    const auto random = CollabDataLoaders::from_table(ratings, {.item_name = "title"});
    EXPECT_EQ(random.train().rows(), 80000);
    EXPECT_EQ(random.valid().rows(), 20000);
    EXPECT_EQ(random.train().size(), 1250);

    const auto canonical = CollabDataLoaders::from_tables(read_csv(*data / "ml-100k" / "u1.base", layout),
                                                          read_csv(*data / "ml-100k" / "u1.test", layout));
    EXPECT_EQ(canonical.train().rows(), 80000);
    EXPECT_EQ(canonical.valid().rows(), 20000);
    EXPECT_EQ(canonical.collab().rated().items.numel(), 80000);
}

Table timed_ratings() {
    return ratings().with_column("time", std::vector<std::string>{"0", "86399", "86400", "259200", "-1", "172800"});
}

TEST(CollabDays, are_numbered_from_the_first_training_day) {
    auto options = last_two_for_validation();
    options.time_name = "time";
    const auto dls = CollabDataLoaders::from_table(timed_ratings(), options);
    const CollabDays& days = dls.collab().days;
    EXPECT_EQ(days.first(), 0);
    EXPECT_EQ(days.n_days(), 5);       // 0 to 3, and any other
    EXPECT_EQ(days.n_user_days(), 5);  // user 9 on day 0, user 10 on days 0, 1 and 3
    EXPECT_TRUE(at::equal(dls.train().data().inputs.at(0),
                          at::tensor({2, 2, 1, 2, 1, 1, 1, 1, 2, 1, 2, 3, 2, 2, 4, 4}, at::kLong).view({4, 4})));
    // A day before the first, and one between that has no ratings, of a user that training did not have.
    EXPECT_TRUE(at::equal(dls.valid().data().inputs.at(0), at::tensor({1, 0, 0, 0, 0, 1, 3, 0}, at::kLong).view({2, 4})));
    EXPECT_TRUE(at::equal(dls.test_dl(timed_ratings().take(at::tensor({0}, at::kLong))).data().inputs.at(0),
                          at::tensor({2, 2, 1, 2}, at::kLong).view({1, 4})));
}

TEST(CollabDays, are_also_those_of_dates) {
    const auto days_of = [](const std::vector<std::string>& times, const std::string& format) {
        const auto dls = CollabDataLoaders::from_table(
            ratings().with_column("time", times),
            {.time_name = "time", .time_format = format, .splitter = index_splitter({4, 5})});
        return dls.collab().days.first();
    };
    EXPECT_EQ(days_of({"1970-01-03", "1970-01-03", "1970-01-03", "1970-01-04", "1970-01-03", "1970-01-03"}, ""), 2);
    EXPECT_EQ(days_of({"3/1/1970", "3/1/1970", "3/1/1970", "4/1/1970", "3/1/1970", "3/1/1970"}, "%d/%m/%Y"), 2);
}

TEST(CollabDays, refuse_times_that_are_none) {
    const auto message = [](const std::string& time) {
        std::vector<std::string> times = {"1", "2", "3", "4", "5", time};
        return message_of<Error>([&] {
            CollabDataLoaders::from_table(ratings().with_column("time", times),
                                          {.time_name = "time", .splitter = index_splitter({4, 5})});
        });
    };
    EXPECT_THAT(message(""), HasSubstr("row 6, column 'time'"));
    EXPECT_THAT(message("soon"), HasSubstr("row 6, column 'time'"));
    EXPECT_THAT(message("inf"), HasSubstr("row 6, column 'time'"));
    EXPECT_THAT(message("964982703000"), HasSubstr("milliseconds must be divided by 1000"));
    EXPECT_THAT(message_of<Error>([] { CollabDataLoaders::from_table(ratings(), {.time_name = "rating"}); }),
                HasSubstr("Column 'rating' cannot hold both"));
    EXPECT_THAT(message_of<Error>([] { CollabDataLoaders::from_table(ratings(), {.time_name = "when"}); }),
                HasSubstr("'when'"));
}

TEST(CollabData, bags_hold_what_was_rated_and_by_whom) {
    const auto dls = CollabDataLoaders::from_table(ratings(), last_two_for_validation());
    const Bags rated = dls.collab().rated_bags(), raters = dls.collab().rater_bags();
    const float half = 1 / std::sqrt(2.f);
    EXPECT_TRUE(at::equal(rated.offsets, at::tensor({0, 0, 1, 3}, at::kLong)));
    EXPECT_TRUE(at::equal(rated.indices, at::tensor({1, 1, 2}, at::kLong)));
    EXPECT_TRUE(at::allclose(rated.weights, at::tensor({1.f, half, half})));
    EXPECT_TRUE(at::equal(raters.offsets, at::tensor({0, 0, 2, 3}, at::kLong)));
    EXPECT_TRUE(at::equal(raters.indices, at::tensor({1, 2, 2}, at::kLong)));
    EXPECT_TRUE(at::allclose(raters.weights, at::tensor({half, half, 1.f})));
}

/// Eight users, the last of whom has no row, and one that is no user.
Table users_with(const std::string& column, const std::vector<std::string>& values) {
    return Table::from_text({{"user", {"1", "2", "3", "4", "5", "6", "7", "99"}}}).with_column(column, values);
}

SideFeatures features_of(const Table& table, std::vector<Warning>& warnings) {
    return fit_side_features({table}, "user", Vocabulary::fit_ids({"1", "2", "3", "4", "5", "6", "7", "8"}), 9, warnings);
}

std::vector<std::string> names_of(const std::string& column, const std::vector<std::string>& values) {
    std::vector<Warning> warnings;
    return features_of(users_with(column, values), warnings).names;
}

TEST(SideFeatures, are_categories_flags_ranges_and_parts) {
    EXPECT_THAT(names_of("sex", {"F", "M", "M", "", "F", "M", "M", "X"}), ElementsAre("sex=F", "sex=M"));
    EXPECT_THAT(names_of("new", {"0", "1", "1", "0", "0", "NA", "1", "1"}), ElementsAre("new"));
    EXPECT_THAT(names_of("stars", {"1", "3", "3", "1", "2", "2", "2", "9"}), ElementsAre("stars=1", "stars=2", "stars=3"));
    EXPECT_THAT(names_of("likes", {"a|b", "b", "b| c", "a", "a|a|b", "", "c", "d|d"}),
                ElementsAre("likes=a", "likes=b", "likes=c"));
}

TEST(SideFeatures, of_numbers_are_ranges_of_as_many_rows) {
    std::vector<std::string> ids, values;
    for (int i = 1; i <= 64; ++i) {
        ids.push_back(std::to_string(i));
        values.push_back(i == 64 ? "NA" : std::to_string(i * i));
    }
    std::vector<Warning> warnings;
    const auto features = fit_side_features({Table::from_text({{"id", ids}, {"age", values}}), "id"}, "user",
                                            Vocabulary::fit_ids(ids), 65, warnings);
    EXPECT_EQ(features.size(), 16);
    EXPECT_EQ(features.names.front(), "age up to 16");
    const at::Tensor lengths = features.bags.offsets.diff();
    EXPECT_EQ(lengths[0].item<int64_t>(), 0);   // #na#
    EXPECT_EQ(lengths[64].item<int64_t>(), 0);  // without an age
    EXPECT_EQ(lengths.sum().item<int64_t>(), 63);
    const at::Tensor counts = at::bincount(features.bags.indices);
    EXPECT_GE(counts.min().item<int64_t>(), 3);
    EXPECT_LE(counts.max().item<int64_t>(), 5);
}

TEST(SideFeatures, have_weights_that_do_not_grow_with_their_number) {
    std::vector<Warning> warnings;
    const auto features = features_of(users_with("likes", {"a|b", "b", "b", "a", "a|b|c", "c", "", ""}), warnings);
    const Bags& bags = features.bags;
    EXPECT_TRUE(at::equal(bags.offsets, at::tensor({0, 0, 2, 3, 4, 5, 8, 9, 9, 9}, at::kLong)));
    EXPECT_TRUE(at::equal(bags.indices, at::tensor({0, 1, 1, 1, 0, 0, 1, 2, 2}, at::kLong)));
    EXPECT_NEAR(bags.weights[0].item<double>(), 1 / std::sqrt(2.), 1e-6);
    EXPECT_NEAR(bags.weights[4].item<double>(), 1, 1e-6);
    EXPECT_NEAR(bags.weights[5].item<double>(), 1 / std::sqrt(3.), 1e-6);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0].code, "missing_rows");
    EXPECT_THAT(warnings[0].message, HasSubstr("1 of the 8 ids of column 'user'"));
}

TEST(SideFeatures, say_how_many_rows_have_no_id) {
    std::vector<Warning> warnings;
    const Table table = Table::from_text({{"user", {"1", "", "2", " ", "3", "4"}}, {"sex", {"F", "F", "M", "M", "M", "F"}}});
    fit_side_features({table}, "user", Vocabulary::fit_ids({"1", "2", "3", "4"}), 5, warnings);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0].code, "rows_without_id");
    EXPECT_THAT(warnings[0].message, HasSubstr("2 of the 6 rows of"));
}

TEST(SideFeatures, leave_out_columns_that_tell_of_single_ids) {
    std::vector<Warning> warnings;
    const auto table = users_with("name", {"a", "b", "c", "d", "e", "f", "f", "g"})
                           .with_column("same", std::vector<std::string>(8, "x"))
                           .with_column("sex", std::vector<std::string>{"F", "M", "M", "F", "F", "M", "M", "M"});
    const auto features = features_of(table, warnings);
    EXPECT_THAT(features.names, ElementsAre("sex=F", "sex=M"));
    ASSERT_EQ(features.columns.size(), 3u);
    EXPECT_EQ(features.columns[0].kind, ColumnKind::ignored);
    EXPECT_EQ(features.columns[1].kind, ColumnKind::ignored);
}

TEST(SideFeatures, refuse_tables_that_do_not_fit) {
    std::vector<Warning> warnings;
    const auto message = [&](const Table& table) { return message_of<Error>([&] { features_of(table, warnings); }); };
    EXPECT_THAT(message(Table::from_text({{"user", {"1", "2", "1"}}, {"sex", {"F", "M", "F"}}})),
                HasSubstr("row 3, column 'user': '1' has a row already"));
    EXPECT_THAT(message(Table::from_text({{"user", {"70", "80"}}, {"sex", {"F", "M"}}})), HasSubstr("has no row for any id"));
    EXPECT_THAT(message(Table::from_text({{"user", {"1", "2"}}})), HasSubstr("no column besides that of ids"));
    EXPECT_THAT(message(Table::from_text({{"user", {"1", "2"}}, {"name", {"a", "b"}}})), HasSubstr("tells of more than one"));
    std::vector<std::string> ids, values;
    for (int i = 0; i < 40; ++i) {
        ids.push_back(std::to_string(i));
        values.push_back(i == 7 ? "old" : std::to_string(i));
    }
    EXPECT_THAT(message_of<Error>([&] {
                    fit_side_features({Table::from_text({{"user", ids}, {"age", values}})}, "user",
                                      Vocabulary::fit_ids(ids), 41, warnings);
                }),
                HasSubstr("'old'"));
}

TEST(SideFeatures, of_ids_without_a_rating_are_those_that_training_has_found) {
    std::vector<std::string> ids, ages, likes;
    for (int i = 1; i <= 40; ++i) {
        ids.push_back(i == 40 ? " 40.0 " : std::to_string(i));
        ages.push_back(std::to_string(i));
        likes.push_back(i % 2 ? "a|b" : "b");
    }
    likes[38] = "c|a";
    likes[39] = "c";
    const SideTable side = {Table::from_text({{"user", ids}, {"age", ages}, {"likes", likes}})};
    const Vocabulary trained = Vocabulary::fit_ids({"3", "1", "2", "4", "5", "6", "7", "8", "9", "10", "11", "12"});
    const Vocabulary all = with_ids_of(side, "user", trained);
    ASSERT_EQ(all.size(), 41);
    EXPECT_EQ(all.index("3"), trained.index("3"));
    EXPECT_EQ(all.index("40"), 40);
    std::vector<Warning> warnings;
    const auto features = fit_side_features(side, "user", all, trained.size(), warnings);
    EXPECT_TRUE(warnings.empty());
    // 12 ranges of one age each, and two likes: nobody in training likes c.
    ASSERT_EQ(features.size(), 14);
    EXPECT_EQ(features.names.back(), "likes=b");
    const auto of = [&](int64_t id) {
        const Bags& bags = features.bags;
        return bags.indices.slice(0, bags.offsets[id].item<int64_t>(), bags.offsets[id + 1].item<int64_t>());
    };
    EXPECT_TRUE(of(all.index("12")).equal(at::tensor({11, 13}, at::kLong)));
    EXPECT_TRUE(of(all.index("39")).equal(at::tensor({11, 12}, at::kLong))) << "an age above all is in the last range";
    EXPECT_TRUE(of(all.index("40")).equal(at::tensor({11}, at::kLong)));
    EXPECT_TRUE(with_ids_of({Table::from_text({{"user", {"7", ""}}, {"age", {"1", "2"}}})}, "user", trained).names() ==
                trained.names());
}

TEST(SideFeatures, change_what_data_are_the_same) {
    auto options = last_two_for_validation();
    const auto plain = CollabDataLoaders::from_table(ratings(), options);
    options.item_table = {Table::from_text({{"movie", {"A", "B", "C"}}, {"genre", {"x|y", "x", "y"}}})};
    const auto with = CollabDataLoaders::from_table(ratings(), options);
    EXPECT_EQ(with.collab().item_features.names, std::vector<std::string>{"genre=x"});
    EXPECT_NE(plain.collab().fitted(), with.collab().fitted());
}

}  // namespace collab_test
}  // namespace embark
