#include "id_codes.h"

#include <utility>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "../../../core/text.h"
#include "../../loaders/detail/random_order.h"
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

size_t IntegerMap::position(int64_t key) const {
    const size_t last = entries_.size() - 1;
    size_t i = static_cast<size_t>(mix(static_cast<uint64_t>(key))) & last;
    while (entries_[i].value != 0 && entries_[i].key != key) i = (i + 1) & last;
    return i;
}

int64_t& IntegerMap::operator[](int64_t key) {
    if (2 * n_used_ >= entries_.size()) grow();
    Entry& entry = entries_[position(key)];
    if (entry.value == 0) {
        entry.key = key;
        ++n_used_;
    }
    return entry.value;
}

void IntegerMap::grow() {
    const std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(2 * entries_.size()));
    for (const Entry& entry : old) {
        if (entry.value != 0) entries_[position(entry.key)] = entry;
    }
}

std::vector<int64_t> IntegerMap::keys() const {
    std::vector<int64_t> keys;
    for (const Entry& entry : entries_) {
        if (entry.value != 0) keys.push_back(entry.key);
    }
    return keys;
}

void DistinctIds::add(const Table& table, const std::string& column, const std::vector<char>& wanted) {
    const auto values = table.column(column);
    if (is_int64(*values)) {
        return visit_integers(values, [&](int64_t row, int64_t number) {
            if (wanted[static_cast<size_t>(row)]) numbers_[number] = 1;
        });
    }
    visit_distinct(EncodedColumn(table, column), wanted, [&](int64_t, std::string_view value) {
        if (!texts_.contains(value)) texts_.emplace(value);
    });
}

std::vector<std::string> DistinctIds::texts() const {
    std::vector<std::string> texts(texts_.begin(), texts_.end());
    for (const int64_t number : numbers_.keys()) {
        std::string text = std::to_string(number);
        if (!texts_.contains(text)) texts.push_back(std::move(text));
    }
    return texts;
}

IdEncoder::IdEncoder(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {
    for (int64_t i = 1; i < vocabulary_.size(); ++i) {
        const std::string& name = vocabulary_.name(i);
        const auto number = parse_int(name);
        if (number && std::to_string(*number) == name) numbers_[*number] = i;
    }
}

RowValues<int64_t> IdEncoder::encode(const Table& table, const std::string& column) const {
    const auto values = table.column(column);
    if (!is_int64(*values)) return encode_column(vocabulary_, EncodedColumn(table, column));
    std::vector<int64_t> codes(static_cast<size_t>(table.rows()), 0);
    visit_integers(values,
                   [&](int64_t row, int64_t number) { codes[static_cast<size_t>(row)] = numbers_.find(number); });
    return RowValues<int64_t>(std::move(codes));
}

}  // namespace embark
