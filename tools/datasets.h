#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <embark/data/table.h>

namespace embark::tools {

/// A table of ratings and the columns that matter.
struct RatingsTable {
    Table table;
    std::string user, item, rating;
};

/// A table of any kind and the column that is usually predicted.
struct KnownTable {
    Table table;
    std::string target;
};

/// Names of the data sets of ratings that are known by name.
std::vector<std::string> rating_datasets();

/// Reads a data set known by name, from `data_dir`, else from EMBARK_DATA, else from where tools/get-data puts data
/// (~/.cache/embark). Throws UsageError for an unknown name, Error where the data are in none of these and says how to
/// get them.
RatingsTable read_rating_dataset(const std::string& name, const std::filesystem::path& data_dir);

/// The same for tables of any kind.
std::vector<std::string> table_datasets();
KnownTable read_table_dataset(const std::string& name, const std::filesystem::path& data_dir);

}  // namespace embark::tools
