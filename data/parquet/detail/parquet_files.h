#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/type_fwd.h>

#include "../../table/table.h"

namespace embark {

/// The Parquet files of a data set that is read row group by row group: one file, or those of a folder and of the
/// folders in it, by their paths. Left out are files and folders whose names begin with `.` or `_`, where writers keep
/// what is not data. Folders named as Hive and Spark do, `year=2024/`, give their files a column of text, `year`.
/// Only what the files say of themselves is read at the start. Copies share nothing but the files; may be read from
/// several threads.
///
/// Files are fragments of arrow::dataset; what cuts them into pieces is all that knows of Parquet.
class ParquetFiles {
public:
    /// Throws Error where there is no such file, no .parquet file in the folder, a folder or a file that cannot be read
    /// or is not a Parquet file, and where all of them have no row.
    explicit ParquetFiles(const std::filesystem::path& path);

    /// "ratings/", for messages.
    const std::string& source() const { return source_; }
    /// The columns of the first file.
    std::vector<std::string> names() const;
    /// The type of one of these in all files; null where they have it of several that do not go together.
    std::shared_ptr<arrow::DataType> type(const std::string& column) const;
    /// Throws Error where a file lacks one of `columns`, or has values in it that go with no type of the others'.
    void require_columns(const std::vector<std::string>& columns) const;

    int64_t rows() const { return rows_; }
    /// Row groups that have rows.
    int64_t n_groups() const { return static_cast<int64_t>(groups_.size()); }
    int64_t rows(int64_t group) const { return groups_.at(static_cast<size_t>(group)).rows; }
    /// How many rows the row groups before this one have.
    int64_t first_row(int64_t group) const { return groups_.at(static_cast<size_t>(group)).first_row; }
    /// These columns of a row group, in their order, each of one type in all files: the wider number where they differ,
    /// and text where it is text in some. Throws Error for a file that is damaged or changed meanwhile.
    Table read(int64_t group, const std::vector<std::string>& columns) const;

private:
    struct File {
        std::string path;
        /// When it was written last, and its bytes: what tells that it is another one now.
        std::pair<std::filesystem::file_time_type, uintmax_t> state;
        /// What its folders are named by.
        std::vector<std::pair<std::string, std::optional<std::string>>> keys;
    };
    struct Group {
        size_t file = 0;
        int number = 0;
        int64_t rows = 0;
        /// Counted through all files, and in its own.
        int64_t first_row = 0, row_in_file = 0;
    };
    /// What a column is in all files, or why it cannot be read.
    struct Column {
        std::string name;
        std::shared_ptr<arrow::DataType> type;
        std::string problem = {};
    };
    void add(const std::filesystem::path& path, const std::filesystem::path& folder);
    void add_columns(const arrow::Schema& schema, const std::string& file);

    std::string source_;
    std::vector<File> files_;
    std::vector<Column> columns_;
    std::vector<Group> groups_;
    int64_t rows_ = 0;
};

}  // namespace embark
