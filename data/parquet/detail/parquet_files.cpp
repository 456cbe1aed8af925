#include "parquet_files.h"

#include <algorithm>
#include <limits>
#include <set>
#include <system_error>

#include <ATen/ATen.h>
#include <arrow/compute/cast.h>
#include <parquet/metadata.h>

#include "../../../core/detail/number_words.h"
#include "../../../core/file.h"
#include "../../../core/text.h"
#include "../../table/detail/arrow_utils.h"
#include "../../table/detail/table_impl.h"
#include "parquet_reader.h"

namespace embark {

namespace fs = std::filesystem;

namespace {

/// Whether a file says by the end of its name, in any capitals, that it is Parquet.
bool is_parquet_name(const fs::path& path) {
    const std::string extension = path.extension().string();
    return is_word(extension, ".parquet") || is_word(extension, ".pq");
}

/// Adds the .parquet and .pq files in `folder` and in the folders in it. Links are followed, and a folder is read once
/// by whatever links lead to it: Arrow's own search goes in circles.
void find_files(const fs::path& folder, std::set<fs::path>& seen, std::vector<fs::path>& files) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    std::vector<fs::path> found;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        found.push_back(entry->path());
    }
    require(!error, "Cannot read the folder ", folder.string(), ": ", error.message());
    if (!seen.insert(real).second) return;
    std::sort(found.begin(), found.end());
    for (const fs::path& path : found) {
        const std::string name = path.filename().string();
        if (name.starts_with('.') || name.starts_with('_')) continue;
        if (fs::is_directory(path, error)) {
            find_files(path, seen, files);
        } else if (is_parquet_name(path) && !fs::is_other(path, error)) {
            files.push_back(path);
        }
    }
}

bool is_text(const arrow::DataType& type) {
    return arrow::is_base_binary_like(type.id());
}

/// What holds the values of both: the wider number, or text where one of them is text. Null where nothing does.
std::shared_ptr<arrow::DataType> common_type(std::shared_ptr<arrow::DataType> a, std::shared_ptr<arrow::DataType> b) {
    if (a->Equals(*b)) return a;
    for (auto* type : {&a, &b}) {
        if ((*type)->id() != arrow::Type::DICTIONARY) continue;
        *type = std::shared_ptr(static_cast<const arrow::DictionaryType&>(**type).value_type());
    }
    const auto merged = arrow::field("", a)->MergeWith(arrow::field("", b), arrow::Field::MergeOptions::Permissive());
    if (merged.ok()) return (*merged)->type();
    const bool can_be_text = arrow::compute::CanCast(*a, *arrow::utf8()) && arrow::compute::CanCast(*b, *arrow::utf8());
    return can_be_text && (is_text(*a) || is_text(*b)) ? arrow::utf8() : nullptr;
}

std::pair<fs::file_time_type, uintmax_t> state_of(const fs::path& file) {
    std::error_code error;
    return {fs::last_write_time(file, error), fs::file_size(file, error)};
}

}  // namespace

ParquetFiles::ParquetFiles(const fs::path& path) : source_(path.string()) {
    require_arrow_compute();
    std::error_code error;
    if (fs::is_directory(path, error)) {
        std::set<fs::path> seen;
        std::vector<fs::path> files;
        find_files(path, seen, files);
        require(!files.empty(), "There is no .parquet file in ", source_);
        std::sort(files.begin(), files.end());
        for (const auto& file : files) add(file, path);
    } else {
        add(path, path.parent_path());
    }
    require(rows_ > 0, "There are no rows in ", source_);
}

void ParquetFiles::add(const fs::path& path, const fs::path& folder) {
    require_readable_file(path);
    const std::string name = path.string();
    File file = {.path = name, .state = state_of(path), .keys = {}};
    read_parquet_file(name, [&] {
        const auto fragment = open_parquet(name);
        auto schema = *fragment->ReadPhysicalSchema();
        for (const auto& part : path.lexically_relative(folder).parent_path()) {
            const auto key = arrow_value(arrow::dataset::HivePartitioning::ParseKey(part.string(), {}),
                                         "Cannot read the name of the folder of ", name);
            if (!key || schema->GetFieldIndex(key->name) >= 0) continue;
            schema = *schema->AddField(schema->num_fields(), arrow::field(key->name, arrow::utf8()));
            file.keys.emplace_back(key->name, key->value);
        }
        add_columns(*schema, name);
        int64_t row_in_file = 0;
        const auto metadata = fragment->metadata();
        for (int number = 0; number < metadata->num_row_groups(); ++number) {
            const int64_t rows = metadata->RowGroup(number)->num_rows();
            constexpr int64_t kMostRows = std::numeric_limits<int32_t>::max();  // what is written is far below
            require(rows >= 0 && rows <= kMostRows, "Cannot read ", name, ": it says that its row group ", number + 1,
                    " has ", rows, " rows; the file is damaged");
            if (rows > 0) groups_.push_back({files_.size(), number, rows, rows_, row_in_file});
            row_in_file += rows;
            rows_ += rows;
        }
        files_.push_back(std::move(file));
    });
}

void ParquetFiles::add_columns(const arrow::Schema& schema, const std::string& file) {
    if (files_.empty()) {
        for (const auto& field : schema.fields()) columns_.push_back({field->name(), field->type()});
    }
    for (Column& column : columns_) {
        if (!column.problem.empty()) continue;
        const auto here = schema.GetFieldByName(column.name);
        const auto type = here ? common_type(column.type, here->type()) : nullptr;
        if (!here) {
            column.problem = concat("There is no column '", column.name, "' in ", file,
                                    name_hint(column.name, schema.field_names()));
        } else if (!type) {
            column.problem =
                concat("Column '", column.name, "' is ", here->type()->ToString(), " in ", file, " and ",
                       column.type->ToString(), " in the files before it; it must be one type in all of ", source_);
        }
        column.type = type;
    }
}

std::vector<std::string> ParquetFiles::names() const {
    std::vector<std::string> names;
    for (const Column& column : columns_) names.push_back(column.name);
    return names;
}

std::shared_ptr<arrow::DataType> ParquetFiles::type(const std::string& column) const {
    return columns_[static_cast<size_t>(find_column(column, names(), source_))].type;
}

void ParquetFiles::require_columns(const std::vector<std::string>& columns) const {
    for (const auto& name : columns) {
        const Column& column = columns_[static_cast<size_t>(find_column(name, names(), files_.front().path))];
        if (!column.problem.empty()) fail(column.problem);
    }
}

Table ParquetFiles::read(int64_t group, const std::vector<std::string>& columns) const {
    const Group& wanted = groups_.at(static_cast<size_t>(group));
    const File& file = files_[wanted.file];
    const auto require_unchanged = [&](bool is_the_same) {
        require(is_the_same, "Cannot read ", file.path, ": it is not the file any more that it was at the start");
    };
    require_readable_file(file.path);
    require_unchanged(state_of(file.path) == file.state);
    arrow::FieldVector fields;
    for (const int column : find_columns({columns.begin(), columns.end()}, names(), source_)) {
        const Column& found = columns_[static_cast<size_t>(column)];
        fields.push_back(arrow::field(found.name, found.type));
    }
    auto table = read_parquet_file(file.path, [&] {
        using namespace arrow::compute;
        Expression known = literal(true);
        for (const auto& [name, value] : file.keys) {
            known = and_(known, value ? equal(field_ref(name), literal(*value)) : is_null(field_ref(name)));
        }
        // Whoever streams reads ahead in a thread of its own; more would take time from the training.
        return read_fragment(file.path, open_parquet(file.path, wanted.number, known), fields, /*use_threads=*/false,
                             wanted.row_in_file);
    });
    require_unchanged(state_of(file.path) == file.state && table->num_rows() == wanted.rows);
    const TableOrigin origin = {.source = file.path,
                                .file_rows = at::arange(wanted.row_in_file, wanted.row_in_file + wanted.rows)};
    return Table(std::make_shared<const Table::Impl>(std::move(table), origin));
}

}  // namespace embark
