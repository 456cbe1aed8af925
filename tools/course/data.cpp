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
    return read_csv(tools::dataset_folder("ml-100k", "u.user", lab.data_dir) / "u.user",
                    {.delimiter = '|', .column_names = {"user", "age", "gender", "occupation", "zip"}});
}

const std::vector<std::string>& genre_names() {
    static const std::vector<std::string> names = {"unknown",   "Action",   "Adventure",   "Animation", "Children's",
                                                   "Comedy",    "Crime",    "Documentary", "Drama",     "Fantasy",
                                                   "Film-Noir", "Horror",   "Musical",     "Mystery",   "Romance",
                                                   "Sci-Fi",    "Thriller", "War",         "Western"};
    return names;
}

Table movielens_films(const Lab& lab) {
    std::vector<std::string> columns = {"movie", "title", "released", "video_released", "url"};
    columns.insert(columns.end(), genre_names().begin(), genre_names().end());
    const Table films = read_csv(tools::dataset_folder("ml-100k", "u.item", lab.data_dir) / "u.item",
                                 {.delimiter = '|', .encoding = "latin-1", .column_names = columns});
    std::vector<std::string> years;  // the end of 01-Jan-1995
    for (const std::string& date : films.text("released")) {
        years.push_back(date.size() >= 4 ? date.substr(date.size() - 4) : "");
    }
    columns.erase(columns.begin() + 2, columns.begin() + 5);
    return films.select(columns).with_column("year", years);
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
