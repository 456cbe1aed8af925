#include "datasets.h"

#include <cstdlib>

#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/data/csv/csv.h>

namespace embark::tools {

namespace fs = std::filesystem;

namespace {

RatingsTable read_ml_100k(const fs::path& folder) {
    const Table ratings =
        read_csv(folder / "u.data", {.delimiter = '\t', .column_names = {"user", "movie", "rating", "timestamp"}});
    const Table titles =
        read_csv(folder / "u.item",
                 {.delimiter = '|', .encoding = "latin-1", .use_columns = {0, 1}, .column_names = {"movie", "title"}});
    return {ratings.join(titles, "movie"), "user", "title", "rating"};
}

RatingsTable read_ml_latest_small(const fs::path& folder) {
    return {read_csv(folder / "ratings.csv"), "userId", "movieId", "rating"};
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
struct Dataset {
    std::string name;
    std::vector<std::string> files;  // all that are read; the first one's presence says that the data set is there
    Result (*read)(const fs::path& folder);
};

const std::vector<Dataset<RatingsTable>> kRatings = {{"ml-100k", {"u.data", "u.item"}, read_ml_100k},
                                                     {"ml-latest-small", {"ratings.csv"}, read_ml_latest_small}};
const std::vector<Dataset<KnownTable>> kTables = {{"adult", {"adult.data"}, read_adult},
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
std::vector<std::string> names_of(const std::vector<Dataset<Result>>& datasets) {
    std::vector<std::string> names;
    for (const auto& dataset : datasets) names.push_back(dataset.name);
    return names;
}

template <class Result>
Result read_dataset(const std::vector<Dataset<Result>>& datasets, const std::string& name, const fs::path& data_dir) {
    for (const auto& dataset : datasets) {
        if (dataset.name == name) return dataset.read(dataset_folder(name, dataset.files.front(), data_dir));
    }
    fail<UsageError>("Unknown data set '", name, "'", name_hint(name, names_of(datasets)));
}

template <class Result>
void add_files(const std::vector<Dataset<Result>>& datasets, const std::string& name, const fs::path& data_dir,
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
    fail("Data set ", name, " was not found in ", join(looked, " or "), "; `tools/get-data ", name,
         "` fetches it, or --data-dir names the folder that has ", name, "/", file);
}

std::vector<std::string> dataset_files(const std::string& name, const fs::path& data_dir) {
    std::vector<std::string> paths;
    add_files(kRatings, name, data_dir, paths);
    add_files(kTables, name, data_dir, paths);
    return paths;
}

std::vector<std::string> rating_datasets() {
    return names_of(kRatings);
}

RatingsTable read_rating_dataset(const std::string& name, const fs::path& data_dir) {
    return read_dataset(kRatings, name, data_dir);
}

std::vector<std::string> table_datasets() {
    return names_of(kTables);
}

KnownTable read_table_dataset(const std::string& name, const fs::path& data_dir) {
    return read_dataset(kTables, name, data_dir);
}

}  // namespace embark::tools
