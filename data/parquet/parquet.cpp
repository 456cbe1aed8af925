#include "parquet.h"

#include <arrow/io/memory.h>
#include <parquet/arrow/writer.h>

#include "../../core/file.h"
#include "../table/detail/arrow_utils.h"
#include "../table/detail/table_impl.h"
#include "detail/parquet_reader.h"

namespace embark {

Table read_parquet(const std::filesystem::path& path, const ParquetOptions& options) {
    require_readable_file(path);
    const std::string name = path.string();
    require_arrow_compute();
    return read_parquet_file(name, [&] {
        const auto fragment = open_parquet(name);
        const auto schema = *fragment->ReadPhysicalSchema();
        arrow::FieldVector fields;
        for (const int column : find_columns(options.use_columns, schema->field_names(), name)) {
            fields.push_back(schema->field(column));
        }
        return Table(read_fragment(name, fragment, fields, /*use_threads=*/true), name);
    });
}

void write_parquet(const std::filesystem::path& path, const Table& table, const WriteParquetOptions& options) {
    require<UsageError>(options.row_group_rows >= 1, "Invalid row_group_rows ", options.row_group_rows,
                        ": at least 1 row is needed");
    require_writable_path(path);
    const std::string what = "Cannot write " + path.string() + " as Parquet";
    const auto out = arrow_value(arrow::io::BufferOutputStream::Create(), what);
    const auto compressed = parquet::WriterProperties::Builder().compression(arrow::Compression::SNAPPY)->build();
    require_arrow(parquet::arrow::WriteTable(*table.arrow(), arrow::default_memory_pool(), out, options.row_group_rows,
                                             compressed),
                  what);
    const auto bytes = arrow_value(out->Finish(), what);
    write_file_atomically(path, {{reinterpret_cast<const char*>(bytes->data()), static_cast<size_t>(bytes->size())}});
}

}  // namespace embark
