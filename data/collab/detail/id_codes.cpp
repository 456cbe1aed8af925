#include "id_codes.h"

#include <algorithm>
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

void DistinctIds::add(const Table& table, const std::string& column, const std::vector<char>& wanted, bool counted) {
    const auto values = table.column(column);
    if (is_int64(*values)) {
        int64_t n_missing = std::count(wanted.begin(), wanted.end(), 1);
        visit_integers(values, [&](int64_t row, int64_t number) {
            if (!wanted[static_cast<size_t>(row)]) return;
            numbers_[number] += counted;
            --n_missing;
        });
        if (counted) missing_ += n_missing;
        return;
    }
    const EncodedColumn texts(table, column);
    std::vector<int64_t> n_of(static_cast<size_t>(texts.values().length()) + 1, 0);
    texts.visit([&](int64_t row, int32_t code) {
        n_of[static_cast<size_t>(code + 1)] += wanted[static_cast<size_t>(row)];
    });
    if (counted) missing_ += n_of.front();
    for (int64_t code = 0; code < texts.values().length(); ++code) {
        const int64_t n = n_of[static_cast<size_t>(code) + 1];
        if (n == 0) continue;
        const std::string_view value = texts.values().GetView(code);
        auto found = texts_.find(value);
        if (found == texts_.end()) found = texts_.emplace(value, 0).first;
        if (counted) found->second += n;
    }
}

std::vector<std::string> DistinctIds::texts() const {
    std::vector<std::string> texts;
    for (const auto& [text, n] : texts_) texts.push_back(text);
    for (const auto& [number, n] : numbers_) {
        std::string text = std::to_string(number);
        if (!texts_.contains(text)) texts.push_back(std::move(text));
    }
    return texts;
}

SeenValues DistinctIds::seen(const Vocabulary& vocabulary) const {
    SeenValues seen = {.missing = missing_};
    for (const auto& [text, n] : texts_) seen.add(vocabulary, text, n);
    for (const auto& [number, n] : numbers_) seen.add(vocabulary, std::to_string(number), n);
    return seen;
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
