#include "parquet_reader.h"

#include <filesystem>

#include <ATen/ATen.h>
#include <arrow/filesystem/localfs.h>

#include "../../table/detail/arrow_utils.h"
#include "../../table/detail/table_impl.h"
#include "../../table/detail/valid_table.h"

namespace embark {

namespace ds = arrow::dataset;

std::shared_ptr<ds::ParquetFileFragment> open_parquet(const std::string& name, int group,
                                                      const arrow::compute::Expression& known) {
    const std::string what = concat("Cannot read ", name, " as Parquet");
    // Arrow takes a name with a colon in it for an address, unless it begins with a slash.
    const ds::FileSource source(std::filesystem::absolute(name).string(),
                                std::make_shared<arrow::fs::LocalFileSystem>());
    const auto format = std::make_shared<ds::ParquetFileFormat>();
    const auto fragment = group < 0 ? std::static_pointer_cast<ds::ParquetFileFragment>(
                                          arrow_value(format->MakeFragment(source, known, nullptr), what))
                                    : arrow_value(format->MakeFragment(source, known, nullptr, {group}), what);
    require_distinct(arrow_value(fragment->ReadPhysicalSchema(), what)->field_names(), name);
    return fragment;
}

std::shared_ptr<arrow::Table> read_fragment(const std::string& name, const std::shared_ptr<ds::Fragment>& fragment,
                                            const arrow::FieldVector& fields, bool use_threads,
                                            int64_t first_row) {
    const std::string what = concat("Cannot read ", name, " as Parquet");
    const auto schema = arrow::schema(fields);
    ds::ScannerBuilder scan(schema, fragment, std::make_shared<ds::ScanOptions>());
    require_arrow(scan.Project(schema->field_names()), what);
    require_arrow(scan.UseThreads(use_threads), what);
    const auto table = arrow_value(arrow_value(scan.Finish(), what)->ToTable(), what);
    TableOrigin origin = {.source = name};
    if (first_row > 0) origin.file_rows = at::arange(first_row, first_row + table->num_rows());
    require_valid(*table, origin);
    return table;
}

}  // namespace embark
