#pragma once

#include <memory>
#include <string>

#include <arrow/dataset/api.h>

#include "../../../core/error.h"
#include "../../table/table.h"

namespace embark {

/// A Parquet file as a fragment of arrow::dataset: row group `group`, or all of them where that is below 0. `known` is
/// what is known of all rows beforehand. Throws Error where it is not a Parquet file, and where a name stands twice.
std::shared_ptr<arrow::dataset::ParquetFileFragment> open_parquet(
    const std::string& name, int group = -1, const arrow::compute::Expression& known = arrow::compute::literal(true));

/// These columns of a fragment, in this order and of these types. Throws Error, which names the file, where it is
/// broken, and where it can the row; `first_row` is the number of the fragment's first row in the file.
std::shared_ptr<arrow::Table> read_fragment(const std::string& name,
                                            const std::shared_ptr<arrow::dataset::Fragment>& fragment,
                                            const arrow::FieldVector& fields, bool use_threads,
                                            int64_t first_row = 0);

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
