#include "data.h"

#include <torch/torch.h>

#include <embark/data/csv/csv.h>

#include "../datasets.h"

namespace embark::course {

namespace {

namespace fs = std::filesystem;

/// Of a small slice, the rows with numbers up to `users` and `items` in these columns.
Table slice_of(const Table& table, const Lab& lab, const std::string& user, const std::string& item) {
    if (!lab.quick) return table;
    const auto few = (table.numbers(user) <= 40).logical_and(table.numbers(item) <= 80);
    return table.take(few.nonzero().squeeze(1));
}

}  // namespace

Table movielens(const Lab& lab) {
    const fs::path path = tools::dataset_folder("ml-100k", "u.data", lab.data_dir);
    const Table ratings =
        read_csv(path / "u.data", {.delimiter = '\t', .column_names = {"user", "movie", "rating", "timestamp"}});
    const Table titles =
        read_csv(path / "u.item",
                 {.delimiter = '|', .encoding = "latin-1", .use_columns = {0, 1}, .column_names = {"movie", "title"}});
    return slice_of(ratings, lab, "user", "movie").join(titles, "movie");
}

CollabDataLoaders movielens_batches(const Lab& lab) {
    return CollabDataLoaders::from_table(movielens(lab), {.item_name = "title", .batch_size = 64, .seed = lab.seed});
}

Table movielens_users(const Lab& lab) {
    return tools::read_ml_100k_users(tools::dataset_folder("ml-100k", "u.user", lab.data_dir));
}

const std::vector<std::string>& genre_names() {
    return tools::ml_100k_genres();
}

Table movielens_films(const Lab& lab) {
    return tools::read_ml_100k_films(tools::dataset_folder("ml-100k", "u.item", lab.data_dir));
}

Table latest_small(const Lab& lab) {
    const fs::path path = tools::dataset_folder("ml-latest-small", "ratings.csv", lab.data_dir);
    return slice_of(read_csv(path / "ratings.csv"), lab, "userId", "movieId");
}

Table adult(const Lab& lab) {
    const Table people = tools::read_table_dataset("adult", lab.data_dir).table;
    return people.head(lab.size(people.rows(), 600));
}

}  // namespace embark::course
