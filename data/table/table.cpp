#include "table.h"

#include <algorithm>
#include <numeric>
#include <ostream>
#include <unordered_set>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/text.h"
#include "detail/arrow_utils.h"
#include "detail/format_rows.h"
#include "detail/row_values.h"
#include "detail/table_impl.h"

namespace embark {

namespace {

/// An Arrow array on the memory of `indices`, which must outlive it.
std::shared_ptr<arrow::Array> borrow_indices(const at::Tensor& indices) {
    auto buffer = arrow::Buffer::Wrap(indices.const_data_ptr<int64_t>(), static_cast<size_t>(indices.numel()));
    return std::make_shared<arrow::Int64Array>(indices.numel(), std::move(buffer));
}

/// `values` as an Arrow array of the nearest type: float32 stays float32, so that 0.1f prints as 0.1.
std::shared_ptr<arrow::Array> array_of(const at::Tensor& values) {
    const auto type = values.scalar_type();
    const auto copy = [&]<class Builder, class T>(Builder builder, T) {
        const at::Tensor flat = values.to(at::kCPU, c10::CppTypeToScalarType<T>::value).contiguous();
        const T* data = flat.const_data_ptr<T>();
        require_arrow(builder.AppendValues(data, data + flat.numel()), "Cannot keep a column");
        return arrow_value(builder.Finish(), "Cannot keep a column");
    };
    if (type == at::kBool) return copy(arrow::BooleanBuilder(), bool{});
    if (at::isIntegralType(type, false)) return copy(arrow::Int64Builder(), int64_t{});
    if (type == at::kDouble) return copy(arrow::DoubleBuilder(), double{});
    require(at::isFloatingType(type), "A column cannot be made of a tensor of type ", type);
    return copy(arrow::FloatBuilder(), float{});
}

void require_length(int64_t given, int64_t rows, std::string_view name) {
    require(given == rows, "Column '", name, "' would have ", given, " values, but the table has ", rows, " rows");
}

/// `table` with column `name` set to `values`: replaced where the name exists, else put last.
ArrowTable set_column(const ArrowTable& table, const std::string& name, const ArrowColumn& values) {
    const auto field = arrow::field(name, values->type());
    const int position = table->schema()->GetFieldIndex(name);
    auto changed = position >= 0 ? table->SetColumn(position, field, values)
                                 : table->AddColumn(table->num_columns(), field, values);
    return arrow_value(std::move(changed), "Cannot set column '", name, "'");
}

/// The values of the key column as text, where an empty text is missing too.
ArrowColumn keys_of(const Table& table, std::string_view on) {
    const std::string what = concat("column '", on, "' of ", display_name(table.source()));
    return missing_where(as_plain_text(table.column(on), what), {""});
}

void require_keys_once(const ArrowColumn& keys, const Table& table, std::string_view on) {
    const auto counted = arrow_value(arrow::compute::ValueCounts(keys), "Cannot count the keys of a join");
    const auto& values = static_cast<const arrow::StringArray&>(*counted->field(0));
    const auto& counts = static_cast<const arrow::Int64Array&>(*counted->field(1));
    for (int64_t i = 0; i < values.length(); ++i) {
        if (values.IsNull(i) || counts.Value(i) == 1) continue;
        fail("Cannot join on column '", on, "': '", values.GetView(i), "' stands ", counts.Value(i), " times in ",
             display_name(table.source()), ", on the right of the join, where each value may stand once");
    }
}

void require_no_common_names(const Table& left, const Table& right, std::string_view on) {
    for (const auto& name : right.names()) {
        require(name == on || !left.has(name), "Cannot join on column '", on, "': both tables have a column '", name,
                "' besides; rename or leave out one of them");
    }
}

/// The rows in which `values` has something, as int64 indices.
at::Tensor present_rows(const arrow::ChunkedArray& values) {
    std::vector<int64_t> rows;
    rows.reserve(static_cast<size_t>(values.length() - values.null_count()));
    int64_t row = 0;
    for (const auto& chunk : values.chunks()) {
        for (int64_t i = 0; i < chunk->length(); ++i, ++row) {
            if (chunk->IsValid(i)) rows.push_back(row);
        }
    }
    return at::tensor(rows, at::kLong);
}

}  // namespace

std::string display_name(const std::string& source) {
    return source.empty() ? "the table" : source;
}

std::string in_quotes(std::string_view text) {
    constexpr int64_t kWidth = 60;
    const bool fits = display_width(text) <= kWidth;
    return concat("'", fits ? std::string(text) : fit_width(text, kWidth), "'");
}

void require_distinct(const std::vector<std::string>& names, const std::string& source) {
    std::unordered_set<std::string_view> seen;
    for (const auto& name : names) {
        require(seen.insert(name).second, "Column name '", name, "' stands twice in ", display_name(source),
                "; every column needs a name of its own");
    }
}

int find_column(std::string_view name, const std::vector<std::string>& names, const std::string& source) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return static_cast<int>(found - names.begin());
    // One name with these in it is a header that was cut at another character.
    const size_t delimiter = names.size() == 1 ? names.front().find_first_of(";\t|") : std::string::npos;
    const std::string given = delimiter == std::string::npos    ? ""
                              : names.front()[delimiter] == '\t' ? "tab"
                                                                : concat("'", names.front()[delimiter], "'");
    fail("There is no column '", name, "' in ", display_name(source), name_hint(name, names),
         given.empty() ? "" : concat("; if values stand apart by another character, give it, as --delimiter ", given));
}

std::vector<int> find_columns(const std::vector<ColumnRef>& columns, const std::vector<std::string>& names,
                              const std::string& source) {
    std::vector<int> positions;
    if (columns.empty()) {
        positions.resize(names.size());
        std::iota(positions.begin(), positions.end(), 0);
    }
    for (const auto& column : columns) {
        int position = 0;
        if (const auto* name = std::get_if<std::string>(&column)) {
            position = find_column(*name, names, source);
        } else {
            position = std::get<int>(column);
            require(position >= 0 && position < static_cast<int>(names.size()), "There is no column ", position, " in ",
                    display_name(source), ", which has ", names.size(), " columns, counted from 0");
        }
        require(std::find(positions.begin(), positions.end(), position) == positions.end(), "Column ", position, " of ",
                display_name(source), " is asked for twice in use_columns");
        positions.push_back(position);
    }
    return positions;
}

std::string place_of(const TableOrigin& origin, int64_t row, std::string_view column) {
    const int64_t number = (origin.file_rows.defined() ? origin.file_rows[row].item<int64_t>() : row) + 1;
    std::string place = concat(origin.source, origin.source.empty() ? "row " : ", row ", number);
    // Without lines before the first row a row's number is its line.
    if (origin.lines_before.value_or(0) > 0) place += concat(" (line ", number + *origin.lines_before, ")");
    return concat(place, ", column '", column, "'");
}

Table::Impl::Impl(ArrowTable arrow_table, TableOrigin table_origin)
    : table(std::move(arrow_table)), names(table->ColumnNames()), origin(std::move(table_origin)) {
    require_distinct(names, origin.source);
}

Table::Impl::~Impl() {
    constexpr int64_t kLarge = 1'000'000;  // values; to give back takes half a millisecond
    const bool large = table->num_rows() * std::max(table->num_columns(), 1) >= kLarge;
    table.reset();
    if (large) arrow::default_memory_pool()->ReleaseUnused();
}

int Table::Impl::position(std::string_view column) const {
    const int position = table->schema()->GetFieldIndex(std::string(column));  // by a hash table: there may be many
    return position >= 0 ? position : find_column(column, names, origin.source);
}

Table::Table(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Table::Table(ArrowTable table, std::string source)
    : Table(std::make_shared<const Impl>(std::move(table), TableOrigin{.source = std::move(source)})) {}

Table Table::from_text(const std::vector<std::pair<std::string, std::vector<std::string>>>& columns) {
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    for (const auto& [name, values] : columns) {
        require_length(static_cast<int64_t>(values.size()), static_cast<int64_t>(columns.front().second.size()), name);
        fields.push_back(arrow::field(name, arrow::utf8()));
        arrays.push_back(text_array(values));
    }
    return Table(arrow::Table::Make(arrow::schema(std::move(fields)), arrays));
}

Table Table::of_rows(int64_t rows) {
    return Table(arrow::Table::Make(arrow::schema({}), std::vector<std::shared_ptr<arrow::Array>>{}, rows));
}

int64_t Table::rows() const {
    return impl_->table->num_rows();
}
int64_t Table::columns() const {
    return impl_->table->num_columns();
}
const std::vector<std::string>& Table::names() const {
    return impl_->names;
}
const std::string& Table::source() const {
    return impl_->origin.source;
}
const ArrowTable& Table::arrow() const {
    return impl_->table;
}

bool Table::has(std::string_view column) const {
    return std::find(names().begin(), names().end(), column) != names().end();
}

ArrowColumn Table::column(std::string_view name) const {
    return impl_->table->column(impl_->position(name));
}

Table Table::select(const std::vector<std::string>& columns) const {
    std::vector<int> positions;
    for (const auto& column : columns) positions.push_back(impl_->position(column));
    auto selected = arrow_value(impl_->table->SelectColumns(positions), "Cannot select columns");
    return Table(std::make_shared<const Impl>(std::move(selected), impl_->origin));
}

Table Table::rename(std::string_view from, std::string_view to) const {
    const int position = impl_->position(from);
    require(from == to || !has(to), "Cannot rename column '", from, "' to '", to, "': there is a column '", to,
            "' already");
    std::vector<std::string> renamed = names();
    renamed[static_cast<size_t>(position)] = to;
    TableOrigin origin = impl_->origin;
    if (origin.text_columns.erase(std::string(from)) > 0) origin.text_columns.emplace(to);
    if (auto words = origin.taken_words.extract(std::string(from))) {
        words.key() = to;
        origin.taken_words.insert(std::move(words));
    }
    return Table(std::make_shared<const Impl>(
        arrow_value(impl_->table->RenameColumns(renamed), "Cannot rename column '", from, "'"), std::move(origin)));
}

Table Table::take(const at::Tensor& indices) const {
    require(indices.dim() == 1 && indices.scalar_type() == at::kLong,
            "Row indices must be a 1-d int64 tensor, not one of ", indices.dim(), " dimensions of type ",
            indices.scalar_type());
    require_arrow_compute();
    const at::Tensor index = indices.cpu().contiguous();
    if (index.numel() > 0) {
        const int64_t low = index.min().item<int64_t>(), high = index.max().item<int64_t>();
        require(low >= 0 && high < rows(), "There is no row ", low < 0 ? low : high, " in ", display_name(source()),
                ", which has ", rows(), " rows, counted from 0");
    }
    auto taken = arrow_value(arrow::compute::Take(impl_->table, borrow_indices(index)), "Cannot take rows");
    TableOrigin origin = impl_->origin;
    origin.taken_words.clear();  // which of the rows had them is not known
    origin.file_rows = origin.file_rows.defined() ? origin.file_rows.index_select(0, index) : index.clone();
    return Table(std::make_shared<const Impl>(taken.table(), std::move(origin)));
}

Table Table::filter(const at::Tensor& kept) const {
    require(kept.dim() == 1 && kept.scalar_type() == at::kBool, "Rows are kept by a 1-d bool tensor, not by one of ",
            kept.dim(), " dimensions of type ", kept.scalar_type());
    require(kept.size(0) == rows(), "Rows are kept by a bool for each of the ", rows(), " rows of ",
            display_name(source()), ", not by ", kept.size(0));
    return kept.all().item<bool>() ? *this : take(kept.nonzero().flatten());
}

Table Table::head(int64_t n) const {
    require<UsageError>(n >= 0, "There are no first ", n, " rows; the number of rows must not be negative");
    TableOrigin origin = impl_->origin;
    if (n < rows()) origin.taken_words.clear();
    if (origin.file_rows.defined()) origin.file_rows = origin.file_rows.narrow(0, 0, std::min(n, rows()));
    return Table(std::make_shared<const Impl>(impl_->table->Slice(0, n), std::move(origin)));
}

Table Table::join(const Table& right, std::string_view on, JoinHow how) const {
    const ArrowColumn left_keys = keys_of(*this, on), right_keys = keys_of(right, on);
    require_no_common_names(*this, right, on);
    require_keys_once(right_keys, right, on);

    using arrow::compute::SetLookupOptions;
    arrow::Datum matches =
        arrow_value(arrow::compute::IndexIn(left_keys, SetLookupOptions(right_keys, SetLookupOptions::SKIP)),
                    "Cannot look up the keys of a join");
    Table joined = *this;
    if (how == JoinHow::inner) {
        joined = take(present_rows(*matches.chunked_array()));
        matches = arrow_value(arrow::compute::DropNull(matches), "Cannot look up the keys of a join");
    }
    ArrowTable table = joined.impl_->table;
    TableOrigin origin = joined.impl_->origin;
    for (const auto& name : right.names()) {
        if (name == on) continue;
        const auto values = arrow_value(arrow::compute::Take(right.column(name), matches), "Cannot join '", name, "'");
        table = set_column(table, name, values.chunked_array());
        if (right.impl_->origin.text_columns.contains(name)) origin.text_columns.insert(name);
    }
    return Table(std::make_shared<const Impl>(std::move(table), std::move(origin)));
}

Table Table::with_column(std::string name, const std::vector<std::string>& values) const {
    return with_column(std::move(name), std::make_shared<arrow::ChunkedArray>(text_array(values)));
}

Table Table::with_column(std::string name, const at::Tensor& values) const {
    require(values.dim() == 1, "Column '", name, "' must be a 1-d tensor, not one of ", values.dim(), " dimensions");
    require_length(values.numel(), rows(), name);
    return with_column(std::move(name), std::make_shared<arrow::ChunkedArray>(array_of(values)));
}

Table Table::with_column(std::string name, const ArrowColumn& values) const {
    require_length(values->length(), rows(), name);
    TableOrigin origin = impl_->origin;
    origin.text_columns.erase(name);
    origin.taken_words.erase(name);
    return Table(std::make_shared<const Impl>(set_column(impl_->table, name, values), std::move(origin)));
}

std::vector<std::string> Table::text(std::string_view name) const {
    const auto values = as_text(column(name), concat("column '", name, "' of ", display_name(source())));
    std::vector<std::string> texts;
    texts.reserve(static_cast<size_t>(rows()));
    visit_text(*values, [&](int64_t, std::optional<std::string_view> text) {
        texts.emplace_back(text.value_or(std::string_view{}));
        return true;
    });
    return texts;
}

bool Table::has_text(std::string_view name) const {
    const auto values = column(name);
    const auto id = values->type()->id();
    if (arrow::is_nested(id)) return false;
    if (id == arrow::Type::STRING || is_encoded_text(*values->type()) || arrow::is_primitive(id)) return true;
    try {
        as_text(values, concat("column '", name, "'"));
        return true;
    } catch (const Error&) {
        return false;
    }
}

at::Tensor Table::numbers(std::string_view name) const {
    return read_numbers(*this, name).tensor();
}

at::Tensor Table::finite_numbers(std::string_view name) const {
    return read_finite_numbers(*this, name).tensor();
}

at::Tensor Table::to_tensor(const std::vector<std::string>& columns) const {
    require<UsageError>(!columns.empty(), "A tensor of columns needs the name of at least one");
    std::vector<at::Tensor> numbers;
    for (const std::string& name : columns) {
        const at::Tensor values = finite_numbers(name), as_float = values.to(at::kFloat);
        const at::Tensor beyond = as_float.isinf().nonzero();
        if (beyond.numel() > 0) {
            const int64_t row = beyond[0].item<int64_t>();
            fail(where(row, name), ": ", values[row].item<double>(), " is not a number up to 3.4e38");
        }
        numbers.push_back(as_float);
    }
    return at::stack(numbers, 1);
}

std::string Table::where(int64_t row, std::string_view column) const {
    return place_of(impl_->origin, row, column);
}

std::string_view to_string(ColumnType type) {
    switch (type) {
        case ColumnType::integer:
            return "integer";
        case ColumnType::number:
            return "number";
        case ColumnType::boolean:
            return "boolean";
        case ColumnType::date:
            return "date";
        case ColumnType::text:
            break;
    }
    return "text";
}

std::string Table::view(int64_t n, bool described) const {
    if (!described) return format_rows(*this, n, false);
    return concat(format_rows(*this, n, true), "[", rows(), rows() == 1 ? " row" : " rows", " x ", columns(),
                  columns() == 1 ? " column]" : " columns]");
}

std::ostream& operator<<(std::ostream& out, const Table& table) {
    return out << table.view();
}

}  // namespace embark
