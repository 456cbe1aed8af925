#pragma once

#include <memory>
#include <string>
#include <vector>

#include <parquet/arrow/reader.h>

#include "../../../core/error.h"
#include "../../table/table.h"

namespace embark {

/// A Parquet file, opened. What it says of itself is read, and checked.
class ParquetReader {
public:
    /// Throws Error where it is not a Parquet file, and where a name stands twice.
    ParquetReader(std::string name, bool use_threads);

    /// The names of its columns.
    std::vector<std::string> names() const { return schema_->field_names(); }
    const parquet::FileMetaData& metadata() const { return *reader_->parquet_reader()->metadata(); }

    /// The columns at these positions, in this order; of one row group, or of all where that is below 0.
    std::shared_ptr<arrow::Table> read(const std::vector<int>& fields, int group = -1) const;

private:
    std::string name_;
    std::unique_ptr<parquet::arrow::FileReader> reader_;
    std::shared_ptr<arrow::Schema> schema_;
};

/// What `read` gives; what it throws of the Parquet library's own, as an Error that names the file.
template <class Read>
auto read_parquet_file(const std::string& name, Read&& read) {
    try {
        return read();
    } catch (const Error&) {
        throw;
    } catch (const std::exception& error) {
        fail("Cannot read ", name, " as Parquet: ", error.what());
    }
}

}  // namespace embark
