#include "datasets.h"

#include <cstdlib>
#include <set>
#include <string_view>

#include <ATen/ops/tensor.h>

#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/data/csv/csv.h>

namespace embark::tools {

namespace fs = std::filesystem;

namespace {

Table read_ml_100k_ratings(const fs::path& file) {
    return read_csv(file, {.delimiter = '\t', .column_names = {"user", "movie", "rating", "timestamp"}});
}

RatingsTable read_ml_100k(const fs::path& folder) {
    const Table films = read_ml_100k_films(folder);
    RatingsTable ratings = {
        read_ml_100k_ratings(folder / "u.data").join(films.select({"movie", "title"}), "movie"), "user", "title",
        "rating", "timestamp"};
    if (fs::exists(folder / "u.user")) ratings.user_table = {read_ml_100k_users(folder)};
    // Some titles are there twice, of the same film.
    std::set<std::string> seen;
    std::vector<int64_t> first;
    const std::vector<std::string> titles = films.text("title");
    for (size_t i = 0; i < titles.size(); ++i) {
        if (seen.insert(titles[i]).second) first.push_back(static_cast<int64_t>(i));
    }
    ratings.item_table = {films.select({"title", "year", "genres"}).take(at::tensor(first, at::kLong)), "title"};
    return ratings;
}

RatingsTable read_ml_100k_split(const fs::path& folder, const std::string& split) {
    const auto read = [&](const char* part) {
        const fs::path file = folder / concat(split, ".", part);
        require(fs::exists(file), "Data set ml-100k has no split ", split, " here: there is no file ", file.string());
        return read_ml_100k_ratings(file);
    };
    RatingsTable ratings = {read("base"), "user", "movie", "rating", "timestamp"};
    ratings.valid = read("test");
    ratings.user_table = {read_ml_100k_users(folder)};
    ratings.item_table = {read_ml_100k_films(folder).select({"movie", "year", "genres"}), "movie"};
    return ratings;
}

RatingsTable read_ml_latest_small(const fs::path& folder) {
    RatingsTable ratings = {read_csv(folder / "ratings.csv"), "userId", "movieId", "rating", "timestamp"};
    if (fs::exists(folder / "movies.csv")) ratings.item_table = {read_csv(folder / "movies.csv"), "movieId"};
    return ratings;
}

KnownTable read_adult(const fs::path& folder) {
    return {read_csv(folder / "adult.data",
                     {.column_names = {"age", "workclass", "fnlwgt", "education", "education-num", "marital-status",
                                       "occupation", "relationship", "race", "sex", "capital-gain", "capital-loss",
                                       "hours-per-week", "native-country", "salary"},
                      .missing_values = {"?"},
                      .trim_spaces = true}),
            "salary"};
}

KnownTable read_california_housing(const fs::path& folder) {
    return {read_csv(folder / "housing.csv"), "MedHouseVal"};
}

template <class Result>
struct KnownDataset {
    std::string name;
    std::vector<std::string> files;  // all that are read; the first one's presence says that the data set is there
    Result (*read)(const fs::path& folder);
};

const std::vector<KnownDataset<RatingsTable>> kRatings = {{"ml-100k", {"u.data", "u.item"}, read_ml_100k},
                                                          {"ml-latest-small", {"ratings.csv"}, read_ml_latest_small}};
const std::vector<KnownDataset<KnownTable>> kTables = {{"adult", {"adult.data"}, read_adult},
                                                       {"california-housing", {"housing.csv"}, read_california_housing}};

fs::path cache_folder() {
    if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache) return fs::path(cache) / "embark";
    if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".cache" / "embark";
    return {};
}

std::vector<fs::path> data_folders(const fs::path& data_dir) {
    std::vector<fs::path> folders;
    if (!data_dir.empty()) {
        std::error_code error;
        require(fs::is_directory(data_dir, error), "--data-dir ", data_dir.string(), ": there is no such folder");
        folders.push_back(data_dir);
    }
    if (const char* given = std::getenv("EMBARK_DATA"); given && *given) folders.emplace_back(given);
    if (const fs::path cache = cache_folder(); !cache.empty()) folders.push_back(cache);
    return folders;
}

template <class Result>
std::vector<std::string> names_of(const std::vector<KnownDataset<Result>>& datasets) {
    std::vector<std::string> names;
    for (const auto& dataset : datasets) names.push_back(dataset.name);
    return names;
}

template <class Result>
Result read_dataset(const std::vector<KnownDataset<Result>>& datasets, const std::string& name,
                    const fs::path& data_dir) {
    for (const auto& dataset : datasets) {
        if (dataset.name == name) return dataset.read(dataset_folder(name, dataset.files.front(), data_dir));
    }
    fail<UsageError>("Unknown data set '", name, "'", name_hint(name, names_of(datasets)));
}

template <class Result>
void add_files(const std::vector<KnownDataset<Result>>& datasets, const std::string& name, const fs::path& data_dir,
               std::vector<std::string>& paths) {
    for (const auto& dataset : datasets) {
        if (dataset.name != name) continue;
        const fs::path folder = dataset_folder(name, dataset.files.front(), data_dir);
        for (const std::string& file : dataset.files) paths.push_back((folder / file).string());
    }
}

}  // namespace

fs::path dataset_folder(const std::string& name, const std::string& file, const fs::path& data_dir) {
    std::vector<std::string> looked;
    for (const auto& folder : data_folders(data_dir)) {
        std::error_code error;
        if (fs::exists(folder / name / file, error)) return folder / name;
        looked.push_back((folder / name).string());
    }
    fail<MissingDataset>("Data set ", name, " was not found in ", join(looked, " or "), "; `tools/get-data ", name,
                         "` fetches it, or --data-dir names the folder that has ", name, "/", file);
}

std::vector<std::string> dataset_files(const std::string& name, const fs::path& data_dir) {
    std::vector<std::string> paths;
    add_files(kRatings, name, data_dir, paths);
    add_files(kTables, name, data_dir, paths);
    return paths;
}

Table read_ml_100k_users(const fs::path& folder) {
    return read_csv(folder / "u.user", {.delimiter = '|', .column_names = {"user", "age", "gender", "occupation", "zip"}});
}

const std::vector<std::string>& ml_100k_genres() {
    static const std::vector<std::string> names = {"unknown",   "Action",   "Adventure",   "Animation", "Children's",
                                                   "Comedy",    "Crime",    "Documentary", "Drama",     "Fantasy",
                                                   "Film-Noir", "Horror",   "Musical",     "Mystery",   "Romance",
                                                   "Sci-Fi",    "Thriller", "War",         "Western"};
    return names;
}

Table read_ml_100k_films(const fs::path& folder) {
    const std::vector<std::string>& genres = ml_100k_genres();
    std::vector<std::string> names = {"movie", "title", "released", "video", "url"};
    names.insert(names.end(), genres.begin(), genres.end());
    const Table films = read_csv(folder / "u.item", {.delimiter = '|', .encoding = "latin-1", .column_names = names});
    names.erase(names.begin() + 2, names.begin() + 5);
    std::vector<std::string> years;  // the end of 01-Jan-1995
    for (const std::string& date : films.text("released")) {
        years.push_back(date.size() >= 4 ? date.substr(date.size() - 4) : "");
    }
    std::vector<std::string> joined(years.size());
    for (const std::string& genre : genres) {
        const std::vector<std::string> flags = films.text(genre);
        for (size_t i = 0; i < flags.size(); ++i) {
            if (flags[i] == "1") joined[i] += (joined[i].empty() ? "" : "|") + genre;
        }
    }
    return films.select(names).with_column("year", years).with_column("genres", joined);
}

std::vector<std::string> rating_datasets() {
    return names_of(kRatings);
}

RatingsTable read_rating_dataset(const std::string& name, const fs::path& data_dir) {
    return read_dataset(kRatings, name, data_dir);
}

bool has_split(const std::string& dataset, const std::string& split) {
    static const std::set<std::string> kMl100k = {"u1", "u2", "u3", "u4", "u5", "ua", "ub"};
    return dataset == "ml-100k" && kMl100k.contains(split);
}

RatingsTable read_rating_split(const std::string& dataset, const std::string& split, const fs::path& data_dir) {
    return read_ml_100k_split(dataset_folder(dataset, split + ".base", data_dir), split);
}

std::vector<std::string> table_datasets() {
    return names_of(kTables);
}

KnownTable read_table_dataset(const std::string& name, const fs::path& data_dir) {
    return read_dataset(kTables, name, data_dir);
}

}  // namespace embark::tools
