#include "id_codes.h"

#include <utility>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "../../../core/text.h"
#include "../../table/detail/arrow_utils.h"

namespace embark {

namespace {

/// Whether a column's values are integers that fit int64.
bool is_int64(const arrow::ChunkedArray& column) {
    return arrow::is_integer(column.type()->id()) && column.type()->id() != arrow::Type::UINT64;
}

/// Calls `visit(row, number)` for every row that has one.
template <class Visit>
void visit_integers(const std::shared_ptr<arrow::ChunkedArray>& column, Visit&& visit) {
    require_arrow_compute();
    const auto cast = arrow_value(arrow::compute::Cast(column, arrow::int64()), "Cannot read a column of ids");
    int64_t row = 0;
    for (const auto& chunk : cast.chunked_array()->chunks()) {
        const auto& numbers = static_cast<const arrow::Int64Array&>(*chunk);
        for (int64_t i = 0; i < numbers.length(); ++i, ++row) {
            if (numbers.IsValid(i)) visit(row, numbers.Value(i));
        }
    }
}

}  // namespace

void DistinctIds::add(const Table& table, const std::string& column, const std::vector<char>& wanted) {
    const auto values = table.column(column);
    if (is_int64(*values)) {
        return visit_integers(values, [&](int64_t row, int64_t number) {
            if (wanted[static_cast<size_t>(row)]) numbers_.insert(number);
        });
    }
    visit_distinct(EncodedColumn(table, column), wanted, [&](int64_t, std::string_view value) {
        if (!texts_.contains(value)) texts_.emplace(value);
    });
}

std::vector<std::string> DistinctIds::texts() const {
    std::vector<std::string> texts(texts_.begin(), texts_.end());
    for (const int64_t number : numbers_) {
        std::string text = std::to_string(number);
        if (!texts_.contains(text)) texts.push_back(std::move(text));
    }
    return texts;
}

IdEncoder::IdEncoder(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {
    for (int64_t i = 1; i < vocabulary_.size(); ++i) {
        const std::string& name = vocabulary_.name(i);
        const auto number = parse_int(name);
        if (number && std::to_string(*number) == name) numbers_.emplace(*number, i);
    }
}

RowValues<int64_t> IdEncoder::encode(const Table& table, const std::string& column) const {
    const auto values = table.column(column);
    if (!is_int64(*values)) return encode_column(vocabulary_, EncodedColumn(table, column));
    std::vector<int64_t> codes(static_cast<size_t>(table.rows()), 0);
    visit_integers(values, [&](int64_t row, int64_t number) {
        const auto found = numbers_.find(number);
        if (found != numbers_.end()) codes[static_cast<size_t>(row)] = found->second;
    });
    return RowValues<int64_t>(std::move(codes));
}

}  // namespace embark
