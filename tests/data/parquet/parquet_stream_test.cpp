#include <embark/core/error.h>
#include <embark/data/collab/collab.h>
#include <embark/data/parquet/parquet.h>
#include <embark/data/tabular/tabular.h>

#include <chrono>
#include <map>
#include <random>

#include <ATen/ATen.h>
#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include "../../../predictor/detail/tabular_encoder_json.h"
#include "test_files.h"

namespace embark {
namespace parquet_stream_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Ratings whose values tell them apart: users and items of gaps, as text or as integers.
Table ratings(int64_t rows, bool numbers, uint64_t seed = 1) {
    std::mt19937_64 random(seed);
    std::vector<std::string> users, items, values;
    std::vector<int64_t> user_numbers, item_numbers;
    for (int64_t row = 0; row < rows; ++row) {
        user_numbers.push_back(static_cast<int64_t>(random() % 50) * 3 - 20);
        item_numbers.push_back(static_cast<int64_t>(random() % 30) + 1'000'000'000'000);
        users.push_back("u" + std::to_string(user_numbers.back()));
        items.push_back("i" + std::to_string(item_numbers.back()));
        values.push_back(std::to_string(static_cast<double>(row) / 8));
    }
    const Table texts = Table::from_text({{"user", users}, {"item", items}, {"rating", values}});
    const Table table = texts.with_column("rating", texts.numbers("rating"));
    if (!numbers) return table;
    return table.with_column("user", at::tensor(user_numbers, at::kLong))
        .with_column("item", at::tensor(item_numbers, at::kLong));
}

/// Rating → (user, item), decoded: all that a loader gives in an epoch.
std::map<double, std::pair<std::string, std::string>> content(const DataLoaders& dls, const DataLoader& loader) {
    std::map<double, std::pair<std::string, std::string>> rows;
    for (const Batch& batch : loader.in_order().epoch(0)) {
        const Table table = dls.decode(batch);
        const auto users = table.text("user"), items = table.text("item");
        const at::Tensor values = table.numbers("rating");
        for (size_t i = 0; i < users.size(); ++i) {
            const bool is_new =
                rows.emplace(values[static_cast<int64_t>(i)].item<double>(), std::pair(users[i], items[i])).second;
            EXPECT_TRUE(is_new) << "a row came twice";
        }
    }
    return rows;
}

class ParquetStream : public ::testing::Test {
protected:
    TemporaryFolder folder_;

    /// Three files of small row groups in folders, and files of others beside them.
    std::filesystem::path write_parts(const Table& table) {
        const auto path = folder_.path() / "parts";
        std::filesystem::create_directories(path / "more");
        const int64_t third = table.rows() / 3;
        const auto part = [&](int64_t begin, int64_t end) { return table.take(at::arange(begin, end)); };
        write_parquet(path / "a.parquet", part(0, third), {.row_group_rows = 40});
        write_parquet(path / "b.parquet", part(third, 2 * third), {.row_group_rows = 7});
        write_parquet(path / "more" / "c.parquet", part(2 * third, table.rows()), {.row_group_rows = 1000});
        folder_.write("parts/_SUCCESS", "");
        folder_.write("parts/.a.parquet", "no Parquet");
        folder_.write("parts/_metadata.parquet", "no Parquet");
        return path;
    }
};

TEST_F(ParquetStream, ratings_are_those_of_the_table) {
    for (const bool numbers : {false, true}) {
        const Table table = ratings(1000, numbers), valid = ratings(90, numbers, 2);
        write_parquet(folder_.path() / "valid.parquet", valid);
        const CollabOptions options = {.batch_size = 64};
        const auto whole = CollabDataLoaders::from_tables(table, valid, options);
        const auto streamed = CollabDataLoaders::from_parquet(write_parts(table), folder_.path() / "valid.parquet",
                                                              options, {.shuffle_buffer = 100});
        EXPECT_EQ(streamed.users().names(), whole.users().names());
        EXPECT_EQ(streamed.items().names(), whole.items().names());
        EXPECT_EQ(streamed.collab().rating_min, whole.collab().rating_min);
        EXPECT_EQ(streamed.collab().rating_max, whole.collab().rating_max);
        EXPECT_EQ(streamed.train().rows(), 1000);
        EXPECT_EQ(streamed.train().size(), whole.train().size());
        EXPECT_EQ(content(streamed, streamed.train()), content(whole, whole.train()));
        EXPECT_EQ(content(streamed, streamed.valid()), content(whole, whole.valid()));
        EXPECT_TRUE(at::equal(streamed.collab().rated().items, whole.collab().rated().items));
        EXPECT_TRUE(at::equal(streamed.collab().rated().offsets, whole.collab().rated().offsets));
    }
}

TEST_F(ParquetStream, every_row_is_drawn_for_one_part) {
    const Table table = ratings(5000, true);
    const auto path = write_parts(table);
    const CollabOptions options = {.batch_size = 64, .valid_pct = 0.2};
    const auto dls = CollabDataLoaders::from_parquet(path, options, {.shuffle_buffer = 100});
    EXPECT_NEAR(static_cast<double>(dls.valid().rows()), 1000, 100);
    auto rows = content(dls, dls.train());
    const auto train = rows;
    rows.merge(content(dls, dls.valid()));
    EXPECT_EQ(rows.size(), 5000U);
    EXPECT_EQ(content(dls, CollabDataLoaders::from_parquet(path, options).train()), train);
    CollabOptions other = options;
    other.seed = 1;
    EXPECT_NE(content(dls, CollabDataLoaders::from_parquet(path, other).train()), train);
    other.valid_pct = 0;
    EXPECT_FALSE(CollabDataLoaders::from_parquet(path, other).has_valid());
}

TEST_F(ParquetStream, bad_input_is_found_before_the_first_batch) {
    const Table good = ratings(200, true);
    const auto path = write_parts(good);
    const auto message = [&](const CollabOptions& options = {}) {
        return message_of<Error>([&] { CollabDataLoaders::from_parquet(path, options); });
    };
    EXPECT_THAT(message({.user_name = "customer"}), HasSubstr("no column 'customer' in"));
    EXPECT_THAT(message({.splitter = random_splitter()}), HasSubstr("cannot be split by a splitter"));
    EXPECT_THAT(message({.valid_pct = 1}), HasSubstr("Invalid valid_pct 1"));
    EXPECT_THAT(message({.valid_pct = 1e-9}),
                HasSubstr("The validation part would be empty: valid_pct 1e-09 draws none of the 200 rows in "));

    at::Tensor values = good.numbers("rating").slice(0, 0, 60).clone();
    values[50] = std::numeric_limits<double>::quiet_NaN();
    write_parquet(path / "d.parquet", good.head(60).with_column("rating", values), {.row_group_rows = 20});
    EXPECT_THAT(message(), HasSubstr("d.parquet, row 51, column 'rating'"));
    write_parquet(path / "d.parquet", good.head(60).rename("rating", "stars"));
    EXPECT_THAT(message(), HasSubstr("no column 'rating' in " + (path / "d.parquet").string()));
    folder_.write("parts/d.parquet", "PAR1 no more");
    EXPECT_THAT(message(), HasSubstr("d.parquet as Parquet"));

    EXPECT_THAT(message_of<Error>([&] { CollabDataLoaders::from_parquet(folder_.path() / "none"); }),
                HasSubstr("no such file"));
    std::filesystem::create_directories(folder_.path() / "empty");
    EXPECT_THAT(message_of<Error>([&] { CollabDataLoaders::from_parquet(folder_.path() / "empty"); }),
                HasSubstr("There is no .parquet file in"));
    write_parquet(folder_.path() / "empty" / "a.parquet", good.head(0));
    EXPECT_THAT(message_of<Error>([&] { CollabDataLoaders::from_parquet(folder_.path() / "empty"); }),
                HasSubstr("There are no rows in"));
}

TEST_F(ParquetStream, a_file_that_changes_meanwhile_is_refused) {
    const auto path = folder_.path() / "r.parquet";
    const Table before = ratings(200, true);
    const auto later = [&] { return std::filesystem::last_write_time(path) + std::chrono::seconds(1); };
    // Fewer rows, and as many but of others.
    for (const Table& after : {ratings(190, true), before.with_column("user", at::arange(200))}) {
        write_parquet(path, before, {.row_group_rows = 50});
        const auto dls = CollabDataLoaders::from_parquet(path);
        write_parquet(path, after, {.row_group_rows = 50});
        std::filesystem::last_write_time(path, later());
        EXPECT_THAT(message_of<Error>([&] { dls.one_batch(); }), HasSubstr("r.parquet: it is not the file any more"));
    }
    const auto dls = CollabDataLoaders::from_parquet(path);
    std::filesystem::remove(path);
    EXPECT_THAT(message_of<Error>([&] { dls.one_batch(); }), HasSubstr("r.parquet: there is no such file"));
}

TEST_F(ParquetStream, an_id_that_was_not_there_at_first_is_refused) {
    // As where processes have copies that differ: same size, same time.
    const auto path = folder_.path() / "r.parquet";
    const auto write = [&](const std::string& user) {
        write_parquet(path, Table::from_text(
                                {{"user", {"a", user, "z"}}, {"item", {"1", "2", ""}}, {"rating", {"1", "2", "3"}}}));
    };
    write("m");
    const auto time = std::filesystem::last_write_time(path);
    const auto size = std::filesystem::file_size(path);
    const auto dls = CollabDataLoaders::from_parquet(path, {.valid_pct = 0});
    EXPECT_EQ(dls.one_batch().size(), 3);
    write("n");
    ASSERT_EQ(std::filesystem::file_size(path), size);
    std::filesystem::last_write_time(path, time);
    EXPECT_THAT(message_of<Error>([&] { dls.one_batch(); }),
                HasSubstr("r.parquet, row 2, column 'user': 'n' was not there when the files were read first"));
}

TEST_F(ParquetStream, what_writers_hide_is_left_out) {
    const Table table = ratings(100, true);
    const auto path = write_parts(table);
    for (const char* hidden : {"_temporary/0", ".staging", "more/_delta_log"}) {
        std::filesystem::create_directories(path / hidden);
        write_parquet(path / hidden / "part.parquet", table.head(10));
    }
    std::filesystem::create_directories(path / "ein Größenmaß.parquet");
    write_parquet(path / "ein Größenmaß.parquet" / "Teil 1.parquet", ratings(10, true, 3));
    EXPECT_EQ(CollabDataLoaders::from_parquet(path, {.valid_pct = 0}).train().rows(), 110);
}

TEST_F(ParquetStream, links_are_followed_once) {
    const auto path = write_parts(ratings(90, true));
    const auto elsewhere = folder_.path() / "elsewhere";
    std::filesystem::create_directories(elsewhere);
    write_parquet(elsewhere / "d.parquet", ratings(10, true, 3));
    std::filesystem::create_directory_symlink(elsewhere, path / "linked");
    std::filesystem::create_directory_symlink(elsewhere, path / "more" / "again");
    std::filesystem::create_directory_symlink("..", path / "more" / "circle");
    EXPECT_EQ(CollabDataLoaders::from_parquet(path, {.valid_pct = 0}).train().rows(), 100);
    std::filesystem::create_symlink("e.parquet", path / "e.parquet");
    EXPECT_THAT(message_of<Error>([&] { CollabDataLoaders::from_parquet(path); }),
                HasSubstr("e.parquet: Too many levels of symbolic links"));
}

TEST_F(ParquetStream, a_folder_that_cannot_be_read_is_named) {
    const auto path = write_parts(ratings(90, true));
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::all);
    std::filesystem::permissions(path / "more", std::filesystem::perms::none);
    const bool is_root = geteuid() == 0;  // whom no permission stops
    ASSERT_TRUE(!is_root || seteuid(65534) == 0);
    const std::string message = message_of<Error>([&] { CollabDataLoaders::from_parquet(path); });
    ASSERT_TRUE(!is_root || seteuid(0) == 0);
    std::filesystem::permissions(path / "more", std::filesystem::perms::owner_all);
    EXPECT_EQ(message, "Cannot read the folder " + (path / "more").string() + ": Permission denied");
    EXPECT_THAT(message_of<Error>([&] { CollabDataLoaders::from_parquet(std::string(5000, 'x')); }),
                HasSubstr(": File name too long"));
}

TEST_F(ParquetStream, a_folder_named_by_a_value_is_a_column) {
    const auto path = folder_.path() / "sales";
    const std::vector<std::string> years = {"year=2020/zip=007", "year=2021/zip=7", "year=2021/zip=St%20Ives",
                                            "year=__HIVE_DEFAULT_PARTITION__/zip=7"};
    for (size_t i = 0; i < years.size(); ++i) {
        std::filesystem::create_directories(path / years[i]);
        write_parquet(path / years[i] / "part.parquet",
                      Table::of_rows(10).with_column("price", at::arange(10) + 10 * static_cast<int64_t>(i)));
    }
    const TabularOptions options = {.y_names = {"price"}, .cat_names = {"year", "zip"}, .valid_pct = 0};
    for (const auto& folder : {path, path / ""}) {
        const auto dls = TabularDataLoaders::from_parquet(folder, options);
        EXPECT_THAT(dls.classes().at("year").names(), ElementsAre("#na#", "2020", "2021"));
        EXPECT_THAT(dls.classes().at("zip").names(), ElementsAre("#na#", "007", "7", "St Ives"));
        const Table rows = dls.decode(dls.train().first_rows(40));
        EXPECT_EQ(rows.text("zip")[25], "St Ives");
        EXPECT_EQ(rows.text("price")[25], "25");
    }
    // A file's own column of that name is taken.
    write_parquet(path / years[0] / "part.parquet", Table::from_text({{"year", {"1066"}}, {"price", {"1"}}}));
    EXPECT_THAT(TabularDataLoaders::from_parquet(path, options).classes().at("year").names(),
                ElementsAre("#na#", "1066", "2021"));
    write_parquet(path / "z.parquet", Table::of_rows(10).with_column("price", at::arange(10)));
    EXPECT_THAT(message_of<Error>([&] { TabularDataLoaders::from_parquet(path, options); }),
                HasSubstr("There is no column 'year' in " + (path / "z.parquet").string()));
}

TEST_F(ParquetStream, parts_of_other_types_are_read_as_one) {
    const auto path = folder_.path() / "parts";
    std::filesystem::create_directories(path);
    const Table texts =
        Table::from_text({{"job", {"tech", "law", "tech"}}, {"id", {"x7", "7", "8"}}, {"y", {"1", "2", "3"}}});
    const auto coded =
        texts.with_column("job", arrow::compute::DictionaryEncode(texts.column("job")).ValueOrDie().chunked_array());
    const auto whole = at::tensor({1, 2, 3}, at::kLong), halves = at::tensor({0.5, 1.5, 2.5}, at::kDouble);
    write_parquet(path / "a.parquet",
                  coded.with_column("size", whole).with_column("id", whole).with_column("y", whole));
    write_parquet(path / "b.parquet", texts.with_column("size", halves).with_column("y", halves));
    write_parquet(path / "c.parquet", texts.with_column("size", whole).with_column("more", whole));
    const TabularOptions options = {.y_names = {"size"}, .cat_names = {"job", "id"}, .valid_pct = 0};
    const auto dls = TabularDataLoaders::from_parquet(path, options);
    EXPECT_THAT(dls.classes().at("job").names(), ElementsAre("#na#", "law", "tech"));
    EXPECT_THAT(dls.classes().at("id").names(), ElementsAre("#na#", "1", "2", "3", "7", "8", "x7"));
    EXPECT_TRUE(at::equal(dls.train().first_rows(9).targets[0].flatten(),
                          at::tensor({1.f, 2.f, 3.f, .5f, 1.5f, 2.5f, 1.f, 2.f, 3.f})));

    write_parquet(path / "d.parquet", texts.with_column("size", at::arange(3) > 0));
    EXPECT_THAT(
        message_of<Error>([&] { TabularDataLoaders::from_parquet(path, options); }),
        HasSubstr("Column 'size' is bool in " + (path / "d.parquet").string() + " and double in the files before"));
    // What is not asked for may be anything.
    EXPECT_EQ(TabularDataLoaders::from_parquet(path, {.y_names = {"job"}, .cat_names = {"id"}, .valid_pct = 0})
                  .train()
                  .rows(),
              12);
}

/// A table of every kind of column, with a category that one row alone has and a number that one row alone misses.
Table people(int64_t rows) {
    std::mt19937_64 random(7);
    const std::vector<std::string> jobs = {"clerk", "sales", "farming", "tech"};
    std::vector<std::string> job, income, day;
    std::vector<int64_t> grade, age;
    std::vector<double> hours;
    for (int64_t row = 0; row < rows; ++row) {
        job.push_back(row == rows / 2 ? "astronaut" : jobs[random() % jobs.size()]);
        grade.push_back(static_cast<int64_t>(random() % 5));
        age.push_back(static_cast<int64_t>(17 + random() % 60));
        hours.push_back(row == rows / 3 ? std::numeric_limits<double>::quiet_NaN()
                                        : static_cast<double>(random() % 1000) / 10);
        day.push_back("202" + std::to_string(random() % 3) + "-0" + std::to_string(1 + random() % 9) + "-11");
        income.push_back(age.back() > 40 ? ">50k" : "<=50k");
    }
    return Table::from_text({{"job", job}, {"day", day}, {"income", income}})
        .with_column("grade", at::tensor(grade, at::kLong))
        .with_column("age", at::tensor(age, at::kLong))
        .with_column("hours", at::tensor(hours, at::kDouble));
}

TEST_F(ParquetStream, a_table_is_fitted_and_encoded_as_in_memory) {
    const Table table = people(1500), valid = people(200);
    write_parquet(folder_.path() / "valid.parquet", valid);
    for (const TabularOptions& options :
         {TabularOptions{.y_names = {"income"}},
          TabularOptions{.y_names = {"income"}, .cat_names = {"job", "grade"}, .cont_names = {"age", "hours"}},
          TabularOptions{
              .y_names = {"income"}, .cont_names = {"age"}, .date_names = {"day"}, .scaling = Scaling::robust}}) {
        const auto whole = TabularDataLoaders::from_tables(table, valid, options);
        const auto streamed = TabularDataLoaders::from_parquet(write_parts(table), folder_.path() / "valid.parquet",
                                                               options, {.shuffle_buffer = 200});
        EXPECT_EQ(to_json(streamed.tabular()), to_json(whole.tabular()));
        const auto order = [](const DataLoader& loader) { return loader.in_order().epoch(0)[0]; };
        const Batch expected = order(whole.train()), found = order(streamed.train());
        for (size_t i = 0; i < expected.inputs.size(); ++i) {
            EXPECT_TRUE(at::equal(found.inputs[i], expected.inputs[i])) << i;
        }
        EXPECT_TRUE(at::equal(found.targets[0], expected.targets[0]));
        EXPECT_TRUE(at::equal(order(streamed.valid()).inputs[1], order(whole.valid()).inputs[1]));
    }
}

TEST_F(ParquetStream, a_sample_fits_numbers_and_all_rows_categories) {
    const Table table = people(6000);
    const auto path = write_parts(table);
    const TabularOptions options = {.y_names = {"income"}, .valid_pct = 0};
    const auto whole = TabularDataLoaders::from_parquet(path, options);
    const auto sampled = TabularDataLoaders::from_parquet(path, options, {.fit_rows = 600});
    const auto again = TabularDataLoaders::from_parquet(path, options, {.fit_rows = 600});
    EXPECT_EQ(to_json(sampled.tabular()), to_json(again.tabular()));
    ASSERT_EQ(sampled.categories().size(), whole.categories().size());
    for (size_t i = 0; i < whole.categories().size(); ++i) {
        EXPECT_EQ(sampled.categories()[i].name, whole.categories()[i].name);
        EXPECT_EQ(sampled.categories()[i].vocabulary.names(), whole.categories()[i].vocabulary.names());
    }
    EXPECT_TRUE(sampled.classes().contains("hours_na"));
    for (size_t i = 0; i < whole.numbers().size(); ++i) {
        const NumberScaler &exact = whole.numbers()[i].scaler, &drawn = sampled.numbers()[i].scaler;
        EXPECT_NE(drawn.shift(), exact.shift());
        EXPECT_NEAR(drawn.shift(), exact.shift(), 0.15 * exact.scale());
        EXPECT_NEAR(drawn.scale(), exact.scale(), 0.1 * exact.scale());
    }
    EXPECT_THROW(TabularDataLoaders::from_parquet(path, options, {.fit_rows = 0}), UsageError);
    EXPECT_THAT(message_of<Error>([&] { TabularDataLoaders::from_parquet(path, {.y_names = {"wage"}}); }),
                HasSubstr("no column 'wage' in"));
}

}  // namespace parquet_stream_test
}  // namespace embark
