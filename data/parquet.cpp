#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>

#include "../core/file.h"
#include "arrow_utils.h"
#include "table.h"
#include "table_impl.h"

namespace embark {

namespace {

/// Adds the Parquet columns that `field` is stored in: one, or several for a nested field.
void add_stored_columns(const parquet::arrow::SchemaField& field, std::vector<int>& columns) {
    if (field.is_leaf()) columns.push_back(field.column_index);
    for (const auto& child : field.children) add_stored_columns(child, columns);
}

std::shared_ptr<arrow::Table> read_arrow_table(const std::string& name, const ParquetOptions& options) {
    const std::string what = "Cannot read " + name + " as Parquet";
    const auto file = arrow_value(arrow::io::ReadableFile::Open(name), "Cannot read ", name);
    auto reader = arrow_value(parquet::arrow::OpenFile(file, arrow::default_memory_pool()), what);
    reader->set_use_threads(true);
    std::shared_ptr<arrow::Schema> schema;
    require_arrow(reader->GetSchema(&schema), what);
    require_distinct(schema->field_names(), name);

    const std::vector<int> fields = find_columns(options.use_columns, schema->field_names(), name);
    std::vector<int> stored;
    for (const int field : fields) {
        add_stored_columns(reader->manifest().schema_fields[static_cast<size_t>(field)], stored);
    }
    const auto table = arrow_value(reader->ReadTable(stored), what);
    std::vector<int> order;
    for (const int field : fields) order.push_back(table->schema()->GetFieldIndex(schema->field(field)->name()));
    return arrow_value(table->SelectColumns(order), what);
}

}  // namespace

Table read_parquet(const std::filesystem::path& path, const ParquetOptions& options) {
    require_readable_file(path);
    try {
        return Table(read_arrow_table(path.string(), options), path.string());
    } catch (const Error&) {
        throw;
    } catch (const std::exception& error) {
        // Some of the Parquet library's failures come as exceptions of its own.
        fail("Cannot read ", path.string(), " as Parquet: ", error.what());
    }
}

}  // namespace embark
