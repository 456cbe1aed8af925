#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "../../table/table.h"

namespace embark {

/// The Parquet files of a data set that is read row group by row group: one file, or those of a folder and of the
/// folders in it, by their paths. Only what the files say of themselves is read at the start. Copies share nothing but
/// the files; may be read from several threads.
class ParquetFiles {
public:
    /// Throws Error where there is no such file, no .parquet file in the folder, one that is not a Parquet file, and
    /// where all of them have no row.
    explicit ParquetFiles(const std::filesystem::path& path);

    /// "ratings/", for messages.
    const std::string& source() const { return source_; }
    /// The columns of the first file.
    const std::vector<std::string>& names() const { return files_.front().names; }
    /// Throws Error where a file lacks one of `columns`.
    void require_columns(const std::vector<std::string>& columns) const;

    int64_t rows() const { return rows_; }
    /// Row groups that have rows.
    int64_t n_groups() const { return static_cast<int64_t>(groups_.size()); }
    int64_t rows(int64_t group) const { return groups_.at(static_cast<size_t>(group)).rows; }
    /// How many rows the row groups before this one have.
    int64_t first_row(int64_t group) const { return groups_.at(static_cast<size_t>(group)).first_row; }
    /// These columns of a row group, in their order. Throws Error for a file that is damaged or changed meanwhile.
    Table read(int64_t group, const std::vector<std::string>& columns) const;

private:
    struct File {
        std::string path;
        std::vector<std::string> names;
    };
    struct Group {
        size_t file = 0;
        int number = 0;
        int64_t rows = 0;
        /// Counted through all files, and in its own.
        int64_t first_row = 0, row_in_file = 0;
    };
    void add(const std::filesystem::path& path);

    std::string source_;
    std::vector<File> files_;
    std::vector<Group> groups_;
    int64_t rows_ = 0;
};

}  // namespace embark
