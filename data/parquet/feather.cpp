#include "feather.h"

#include <string>

#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>

#include "../../core/file.h"
#include "../table/detail/arrow_utils.h"
#include "../table/detail/table_impl.h"
#include "../table/detail/valid_table.h"

namespace embark {

Table read_feather(const std::filesystem::path& path) {
    require_readable_file(path);
    const std::string name = path.string(), what = concat("Cannot read ", name, " as an Arrow file");
    require_arrow_compute();
    const auto file = arrow_value(arrow::io::ReadableFile::Open(name), what);
    const auto reader = arrow_value(arrow::ipc::RecordBatchFileReader::Open(file), what);
    require_distinct(reader->schema()->field_names(), name);
    const auto table = arrow_value(reader->ToTable(), what);
    require_valid(*table, {.source = name});
    return Table(table, name);
}

}  // namespace embark
