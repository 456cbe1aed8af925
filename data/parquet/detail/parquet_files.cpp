#include "parquet_files.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <arrow/api.h>

#include "../../../core/file.h"
#include "../../table/detail/table_impl.h"
#include "parquet_reader.h"

namespace embark {

namespace {

/// Whether a folder's `file` holds data: others write files of their own beside them, whose names begin so.
bool has_data(const std::filesystem::path& file) {
    const std::string name = file.filename().string();
    return file.extension() == ".parquet" && !name.starts_with('.') && !name.starts_with('_');
}

std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file() && has_data(entry.path())) files.push_back(entry.path());
    }
    require(!files.empty(), "There is no .parquet file in ", folder.string());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

ParquetFiles::ParquetFiles(const std::filesystem::path& path) : source_(path.string()) {
    if (std::filesystem::is_directory(path)) {
        for (const auto& file : files_below(path)) add(file);
    } else {
        add(path);
    }
    require(rows_ > 0, "There are no rows in ", source_);
}

void ParquetFiles::add(const std::filesystem::path& path) {
    require_readable_file(path);
    const std::string name = path.string();
    read_parquet_file(name, [&] {
        const ParquetReader reader(name, /*use_threads=*/false);
        int64_t row_in_file = 0;
        for (int number = 0; number < reader.metadata().num_row_groups(); ++number) {
            const int64_t rows = reader.metadata().RowGroup(number)->num_rows();
            if (rows > 0) groups_.push_back({files_.size(), number, rows, rows_, row_in_file});
            row_in_file += rows;
            rows_ += rows;
        }
        files_.push_back({name, reader.names()});
    });
}

void ParquetFiles::require_columns(const std::vector<std::string>& columns) const {
    for (const File& file : files_) {
        for (const auto& column : columns) find_column(column, file.names, file.path);
    }
}

Table ParquetFiles::read(int64_t group, const std::vector<std::string>& columns) const {
    const Group& wanted = groups_.at(static_cast<size_t>(group));
    const File& file = files_[wanted.file];
    return read_parquet_file(file.path, [&] {
        // Whoever streams reads ahead in a thread of its own; more would take time from the training.
        const ParquetReader reader(file.path, /*use_threads=*/false);
        std::vector<ColumnRef> refs(columns.begin(), columns.end());
        auto table = reader.metadata().num_row_groups() > wanted.number
                         ? reader.read(find_columns(refs, reader.names(), file.path), wanted.number)
                         : nullptr;
        require(table && table->num_rows() == wanted.rows, "Cannot read ", file.path,
                ": it is not the file any more that it was at the start");
        return Table(std::make_shared<const Table::Impl>(
            std::move(table),
            TableOrigin{.source = file.path,
                        .file_rows = at::arange(wanted.row_in_file, wanted.row_in_file + wanted.rows)}));
    });
}

}  // namespace embark
