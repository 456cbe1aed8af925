#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>

#include "../../core/file.h"
#include "../table/detail/arrow_utils.h"
#include "../table/detail/table_impl.h"
#include "../table/table.h"
#include "detail/parquet_reader.h"

namespace embark {

namespace {

/// Adds the Parquet columns that `field` is stored in: one, or several for a nested field.
void add_stored_columns(const parquet::arrow::SchemaField& field, std::vector<int>& columns) {
    if (field.is_leaf()) columns.push_back(field.column_index);
    for (const auto& child : field.children) add_stored_columns(child, columns);
}

}  // namespace

ParquetReader::ParquetReader(std::string name, bool use_threads) : name_(std::move(name)) {
    const auto file = arrow_value(arrow::io::ReadableFile::Open(name_), "Cannot read ", name_);
    reader_ =
        arrow_value(parquet::arrow::OpenFile(file, arrow::default_memory_pool()), "Cannot read ", name_, " as Parquet");
    reader_->set_use_threads(use_threads);
    require_arrow(reader_->GetSchema(&schema_), "Cannot read ", name_, " as Parquet");
    require_distinct(names(), name_);
}

std::shared_ptr<arrow::Table> ParquetReader::read(const std::vector<int>& fields, int group) const {
    const std::string what = "Cannot read " + name_ + " as Parquet";
    std::vector<int> stored;
    for (const int field : fields) {
        add_stored_columns(reader_->manifest().schema_fields[static_cast<size_t>(field)], stored);
    }
    const auto table = arrow_value(group < 0 ? reader_->ReadTable(stored) : reader_->ReadRowGroup(group, stored), what);
    std::vector<int> order;
    for (const int field : fields) order.push_back(table->schema()->GetFieldIndex(schema_->field(field)->name()));
    return arrow_value(table->SelectColumns(order), what);
}

Table read_parquet(const std::filesystem::path& path, const ParquetOptions& options) {
    require_readable_file(path);
    const std::string name = path.string();
    return read_parquet_file(name, [&] {
        const ParquetReader reader(name, /*use_threads=*/true);
        return Table(reader.read(find_columns(options.use_columns, reader.names(), name)), name);
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
