#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include "../../../core/detail/parallel.h"
#include "encoded_column.h"

namespace embark {

/// What the rows of a column are as numbers: one kept for each row, or, of an encoded column, one for each of its
/// distinct values, so that what is done to them is done once a value and not once a row.
template <class T>
class RowValues {
public:
    /// Of no rows.
    RowValues() = default;

    /// One for each row.
    explicit RowValues(std::vector<T> values) : values_(std::move(values)) {}

    /// One for each code of `column`, after that of a missing value.
    RowValues(EncodedColumn column, std::vector<T> values) : column_(std::move(column)), values_(std::move(values)) {}

    int64_t rows() const { return column_ ? column_->rows() : static_cast<int64_t>(values_.size()); }

    /// The same rows, with what `map` makes of their numbers.
    template <class Map>
    auto map(Map&& map) const {
        using Mapped = std::invoke_result_t<Map, T>;
        std::vector<Mapped> mapped(values_.size());
        std::transform(values_.begin(), values_.end(), mapped.begin(), map);
        return column_ ? RowValues<Mapped>(*column_, std::move(mapped)) : RowValues<Mapped>(std::move(mapped));
    }

    /// Calls `use(value_of)` once, where `value_of(row)` is a row's number and as fast as the column allows.
    template <class Use>
    void with(Use&& use) const {
        const T* values = values_.data();
        if (!column_) return use([values](int64_t row) { return values[row]; });
        const Codes codes = column_->codes();
        if (codes.any_missing()) return use([&](int64_t row) { return values[codes[row] + 1]; });
        const int32_t* code = codes.data();
        use([values, code](int64_t row) { return values[code[row] + 1]; });
    }

    /// The first row whose number `is_wanted`; nothing where no row is.
    template <class IsWanted>
    std::optional<int64_t> find(IsWanted&& is_wanted) const {
        std::optional<int64_t> found;
        if (!is_among_values(is_wanted)) return found;
        with([&](auto value_of) {
            for (int64_t row = 0, n = rows(); row < n && !found; ++row) {
                if (is_wanted(value_of(row))) found = row;
            }
        });
        return found;
    }

    /// How many rows have a number that `is_wanted`.
    template <class IsWanted>
    int64_t count(IsWanted&& is_wanted) const {
        int64_t counted = 0;
        if (!is_among_values(is_wanted)) return counted;
        with([&](auto value_of) {
            for (int64_t row = 0, n = rows(); row < n; ++row) counted += is_wanted(value_of(row));
        });
        return counted;
    }

    /// All rows, as a tensor.
    at::Tensor tensor() const {
        at::Tensor all = at::empty({rows()}, c10::CppTypeToScalarType<T>::value);
        T* out = all.template mutable_data_ptr<T>();
        with([&](auto value_of) {
            for (int64_t row = 0, n = rows(); row < n; ++row) out[row] = value_of(row);
        });
        return all;
    }

private:
    template <class IsWanted>
    bool is_among_values(IsWanted&& is_wanted) const {
        const bool has_unused_first = column_ && column_->missing() == 0;
        return std::any_of(values_.begin() + has_unused_first, values_.end(), is_wanted);
    }

    std::optional<EncodedColumn> column_;
    std::vector<T> values_;
};

/// Some rows of a table, each with its place among them, mostly in the table's order: what goes through many rows then
/// reads every column from its beginning to its end.
class RowOrder {
public:
    /// `some_rows`: 1-d int64, each below `n_rows`. Where one of them comes twice, or they are few, their own order is
    /// kept.
    RowOrder(const at::Tensor& some_rows, int64_t n_rows);

    /// How many rows these are.
    int64_t size() const { return rows_.numel(); }

    /// How many steps a walk over them has; some lead to no row.
    int64_t steps() const { return place_of_.empty() ? size() : static_cast<int64_t>(place_of_.size()); }

    /// Calls `visit(row, place)` for each row of the steps from `begin` to before `end`.
    template <class Visit>
    void walk(int64_t begin, int64_t end, Visit&& visit) const {
        if (place_of_.empty()) {
            const int64_t* row = rows_.const_data_ptr<int64_t>();
            for (int64_t place = begin; place < end; ++place) visit(row[place], place);
            return;
        }
        const int32_t* place = place_of_.data();
        for (int64_t row = begin; row < end; ++row) {
            if (place[row] >= 0) visit(row, int64_t{place[row]});
        }
    }

private:
    at::Tensor rows_;
    /// Of each row of the table, −1 of those that are left out; empty where the rows' own order is kept.
    std::vector<int32_t> place_of_;
};

/// The rows of all columns into their places in `out`, contiguous (rows, columns).
template <class T>
void scatter_rows(const std::vector<RowValues<T>>& columns, const RowOrder& order, const at::Tensor& out) {
    constexpr int64_t kStepsPerThread = 50000;  // fewer are not worth a thread
    constexpr int64_t kBlock = 2048;            // rows of `out` that stay in the cache while column after column comes
    const auto width = static_cast<int64_t>(columns.size());
    T* to = out.mutable_data_ptr<T>();
    parallel_for(order.steps(), kStepsPerThread, [&](int64_t begin, int64_t end) {
        for (int64_t first = begin; first < end; first += kBlock) {
            const int64_t last = std::min(first + kBlock, end);
            for (int64_t column = 0; column < width; ++column) {
                columns[static_cast<size_t>(column)].with([&](auto value_of) {
                    order.walk(first, last,
                               [&](int64_t row, int64_t place) { to[place * width + column] = value_of(row); });
                });
            }
        }
    });
}

/// The numbers of a column, NaN for missing ones; Table::numbers' work.
RowValues<double> read_numbers(const Table& table, std::string_view name);

/// The same; throws Error, with file, row and column, for one that is missing, NaN or infinite.
RowValues<double> read_finite_numbers(const Table& table, std::string_view name);

/// The numbers of a column's values in `vocabulary`; the work of the public one.
RowValues<int64_t> encode_column(const Vocabulary& vocabulary, const EncodedColumn& column);

}  // namespace embark
