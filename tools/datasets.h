#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <embark/core/error.h>
#include <embark/data/collab/side_features.h>
#include <embark/data/table/table.h>

namespace embark::tools {

/// A table of ratings and the columns that matter.
struct RatingsTable {
    Table table;
    std::string user, item, rating;
    /// Of times, where there are such.
    std::string time = {};
    /// What else is known of users and items.
    std::optional<SideTable> user_table = {}, item_table = {};
    /// The ratings for validation, where they are apart.
    std::optional<Table> valid = {};
};

/// A table of any kind and the column that is usually predicted.
struct KnownTable {
    Table table;
    std::string target;
};

/// A data set known by name is nowhere to be found.
class MissingDataset : public Error {
public:
    using Error::Error;
};

/// The folder with data set `name`, told by its `file`: in `data_dir`, else in EMBARK_DATA, else where tools/get-data
/// puts data (~/.cache/embark). Throws MissingDataset where it is in none of these and says how to get it.
std::filesystem::path dataset_folder(const std::string& name, const std::string& file,
                                     const std::filesystem::path& data_dir);

/// The files that data set `name` is read from; none where no such name is known. Throws Error where it is not there.
std::vector<std::string> dataset_files(const std::string& name, const std::filesystem::path& data_dir);

/// Names of the data sets of ratings that are known by name.
std::vector<std::string> rating_datasets();

/// Reads a data set known by name from its dataset_folder. Throws UsageError for an unknown name, Error where the data
/// are not there.
RatingsTable read_rating_dataset(const std::string& name, const std::filesystem::path& data_dir);

/// MovieLens 100k's table of users: user, age, gender, occupation, zip; and of films: movie, title, year, a column of 0
/// and 1 for each of ml_100k_genres, and `genres`, those of a film as one text with | between them.
Table read_ml_100k_users(const std::filesystem::path& folder);
Table read_ml_100k_films(const std::filesystem::path& folder);
const std::vector<std::string>& ml_100k_genres();

/// Whether the data set has a split of its own of that name.
bool has_split(const std::string& dataset, const std::string& split);
/// Reads it, users and items by their ids. Throws Error where a file is not there.
RatingsTable read_rating_split(const std::string& dataset, const std::string& split,
                               const std::filesystem::path& data_dir);

/// The same for tables of any kind.
std::vector<std::string> table_datasets();
KnownTable read_table_dataset(const std::string& name, const std::filesystem::path& data_dir);

}  // namespace embark::tools
