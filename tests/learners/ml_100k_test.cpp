// The course notes' results on MovieLens 100k, where that is at hand.
#include <embark/data/csv/csv.h>
#include <embark/learners/collab_learner.h>

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <embark/learners/tabular_learner.h>

#include "test_files.h"

namespace embark {
namespace ml_100k_test {

constexpr int kSeeds = 5;

class MovieLens100k : public ::testing::Test {
protected:
    void SetUp() override {
        const auto data = testing::data_folder();
        if (!data || !std::filesystem::exists(*data / "ml-100k" / "u.data")) {
            GTEST_SKIP()
                << "MovieLens 100k is not here: tools/get-data ml-100k fetches it, EMBARK_DATA names its folder";
        }
        folder_ = *data / "ml-100k";
    }

    Table ratings(const std::string& file) const {
        const auto table =
            read_csv(folder_ / file, {.delimiter = '\t', .column_names = {"user", "movie", "rating", "time"}});
        const auto titles = read_csv(
            folder_ / "u.item",
            {.delimiter = '|', .encoding = "latin-1", .use_columns = {0, 1}, .column_names = {"movie", "title"}});
        return table.join(titles, "movie");
    }

    /// The notes' model and schedule: 50 factors, range (0, 5.5), batches of 64, one cycle of 5 epochs at 5e-3.
    static Records train(const CollabDataLoaders& dls, uint64_t seed, std::optional<double> weight_decay) {
        set_seed(seed);
        auto learn =
            collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}}, {.metrics = {rmse()}, .progress = false});
        return learn.fit_one_cycle(5, 5e-3, {.weight_decay = weight_decay});
    }

    /// The notes' network: hidden layers of 100 and 50, the same schedule.
    static Records train_network(const CollabDataLoaders& dls, uint64_t seed) {
        set_seed(seed);
        auto learn =
            collab_learner(dls, {.y_range = {0, 5.5}, .use_nn = true, .layers = {100, 50}}, {.progress = false});
        return learn.fit_one_cycle(5, 5e-3, {.weight_decay = 0.1});
    }

    CollabDataLoaders random_split(uint64_t seed) const {
        return CollabDataLoaders::from_table(ratings("u.data"), {.item_name = "title", .seed = seed});
    }

    /// Ratings with what is known of users and films, and the columns that are categories of a film: its genres.
    Table with_metadata(std::vector<std::string>& genres) const {
        std::vector<std::string> names = {"movie", "title", "released", "video", "page"};
        for (int i = 0; i < 19; ++i) genres.push_back(concat("genre_", i));
        names.insert(names.end(), genres.begin(), genres.end());
        const Table films =
            read_csv(folder_ / "u.item", {.delimiter = '|', .encoding = "latin-1", .column_names = names});
        const Table users = read_csv(
            folder_ / "u.user", {.delimiter = '|', .column_names = {"user", "age", "gender", "occupation", "zip"}});
        std::vector<std::string> years;
        for (const std::string& date : films.text("released")) {  // 01-Jan-1995
            years.push_back(date.size() < 4 ? "" : date.substr(date.size() - 4));
        }
        return read_csv(folder_ / "u.data", {.delimiter = '\t', .column_names = {"user", "movie", "rating", "time"}})
            .join(films.with_column("year", years), "movie")
            .join(users, "user");
    }

    /// The notes' network on a table: its categories and numbers are the user, the film, and more.
    static double train_table(const Table& table, std::vector<std::string> categories, std::vector<std::string> numbers,
                              uint64_t seed) {
        const auto dls = TabularDataLoaders::from_table(table, {.y_names = {"rating"},
                                                                .cat_names = std::move(categories),
                                                                .cont_names = std::move(numbers),
                                                                .y_values = {"rating"},
                                                                .hide_categories = 0,
                                                                .seed = seed});
        set_seed(seed);
        auto learn = tabular_learner(dls, {.layers = {100, 50}, .y_range = {0, 5.5}}, {.progress = false});
        return learn.fit_one_cycle(5, 5e-3, {.weight_decay = 0.1}).last("valid_loss");
    }

    std::filesystem::path folder_;
};

TEST_F(MovieLens100k, weight_decay_reaches_the_notes_loss) {
    double total = 0;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) total += train(random_split(seed), seed, 0.1).last("valid_loss");
    EXPECT_LE(total / kSeeds, 0.828);
}

TEST_F(MovieLens100k, without_weight_decay_it_overfits_as_in_the_notes) {
    double final = 0, best = 0, trained = 0;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
        const Records records = train(random_split(seed), seed, {});
        final += records.last("valid_loss") / kSeeds;
        trained += records.last("train_loss") / kSeeds;
        best += std::min_element(records.epochs.begin(), records.epochs.end(),
                                 [](const auto& a, const auto& b) { return a.valid_loss < b.valid_loss; })
                    ->valid_loss /
                kSeeds;
    }
    EXPECT_GE(final, 0.88);
    EXPECT_LE(final, 0.92);
    EXPECT_GT(final, best + 0.005);
    EXPECT_LE(trained, 0.33);
}

TEST_F(MovieLens100k, the_network_reaches_the_notes_loss) {
    EXPECT_LE(train_network(random_split(42), 42).last("valid_loss"), 0.88);
}

TEST_F(MovieLens100k, what_is_known_of_users_films_and_time_makes_the_network_better) {
    std::vector<std::string> genres;
    const Table table = with_metadata(genres);
    std::vector<std::string> categories = {"user", "title", "gender", "occupation"};
    categories.insert(categories.end(), genres.begin(), genres.end());
    double without = 0, with = 0;
    for (uint64_t seed = 0; seed < 2; ++seed) {
        without += train_table(table, {"user", "title"}, {}, seed) / 2;
        with += train_table(table, categories, {"age", "year", "time"}, seed) / 2;
    }
    EXPECT_LE(without, 0.88);
    EXPECT_LT(with, without);
}

TEST_F(MovieLens100k, the_canonical_split_reaches_its_rmse) {
    const auto dls = CollabDataLoaders::from_tables(ratings("u1.base"), ratings("u1.test"), {.item_name = "title"});
    EXPECT_LE(train(dls, 0, 0.1).last("rmse"), 0.920);
}

}  // namespace ml_100k_test
}  // namespace embark
