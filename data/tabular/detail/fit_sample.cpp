#include "fit_sample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <ATen/ATen.h>
#include <arrow/api.h>

#include "../../loaders/detail/random_order.h"
#include "../../table/detail/arrow_utils.h"
#include "../../table/detail/encoded_column.h"
#include "../../table/detail/row_values.h"
#include "gather_tables.h"
#include "tabular_columns.h"

namespace embark {

namespace {

/// Beside the columns: whether a row was drawn rather than taken for what it brings.
constexpr const char* kDrawn = "\x1e drawn";

constexpr size_t kAll = std::numeric_limits<size_t>::max();

bool is_date(const arrow::DataType& type) {
    return arrow::is_temporal(type.id());
}

bool is_number(const arrow::DataType& type) {
    return arrow::is_integer(type.id()) || arrow::is_floating(type.id());
}

/// How many values of a column are to be found: those of a category all, and of numbers as many as tell whether they
/// are categories, or classes where it is a target.
size_t wanted_values(const std::string& name, const arrow::DataType& type, const TabularOptions& options) {
    const bool is_target = has_name(options.y_names, name);
    for (const auto* names : {&options.cat_names, &options.date_names, &options.y_classes}) {
        if (has_name(*names, name)) return kAll;
    }
    for (const auto* names : {&options.cont_names, &options.text_names, &options.y_values, &options.y_log}) {
        if (has_name(*names, name)) return 0;
    }
    if (is_target && is_number(type)) return static_cast<size_t>(options.max_classes) + 1;
    if (arrow::is_integer(type.id())) return static_cast<size_t>(options.max_card) + 1;
    return arrow::is_floating(type.id()) ? 0 : kAll;
}

}  // namespace

/// The values of one column that were seen.
class FitSample::Key {
public:
    Key(std::string name, const arrow::DataType& type, const TabularOptions& options)
        : name_(std::move(name)),
          wanted_values_(wanted_values(name_, type, options)),
          is_number_(is_number(type)),
          is_date_(is_date(type) || has_name(options.date_names, name_)),
          date_time_(options.date_time),
          date_format_(options.date_format) {}

    /// Marks the rows of `table` that bring what was not there before.
    void mark(const Table& table, const std::vector<char>& wanted, std::vector<char>& taken) {
        if (is_number_ && !missing_) mark_missing(table, wanted, taken);
        if (values_.size() >= wanted_values_) return;
        visit_distinct(EncodedColumn(table, name_), wanted, [&](int64_t row, std::string_view value) {
            const auto see = [&](std::string_view seen) {
                if (values_.size() >= wanted_values_ || values_.contains(seen)) return;
                values_.emplace(seen);
                taken[static_cast<size_t>(row)] = 1;
            };
            if (!is_date_) return see(value);
            for (const std::string& part : categories_of(value)) see(part);
        });
    }

private:
    /// What the categories of a date's parts follow from: its day, and of its time each part; one for all that are no
    /// dates.
    std::vector<std::string> categories_of(std::string_view value) const {
        const auto parts = date_parts(value, date_format_);
        if (!parts) return {""};
        std::vector<std::string> categories = {concat((*parts)[0], "-", (*parts)[1], "-", (*parts)[3])};
        for (size_t part = kFirstOfTime; date_time_ && part + 1 < kDatePartNames.size(); ++part) {
            categories.push_back(concat(kDatePartNames[part], (*parts)[part]));
        }
        return categories;
    }

    void mark_missing(const Table& table, const std::vector<char>& wanted, std::vector<char>& taken) {
        read_numbers(table, name_).with([&](auto number_of) {
            for (int64_t row = 0; row < table.rows() && !missing_; ++row) {
                missing_ = wanted[static_cast<size_t>(row)] && std::isnan(number_of(row));
                if (missing_) taken[static_cast<size_t>(row)] = 1;
            }
        });
    }

    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    std::string name_;
    size_t wanted_values_;
    bool is_number_, is_date_, date_time_;
    std::string date_format_;
    bool missing_ = false;
    std::unordered_set<std::string, Hash, std::equal_to<>> values_;
};

FitSample::FitSample(const TabularOptions& options, int64_t n_rows, int64_t sample_rows)
    : options_(options), n_rows_(n_rows), share_(static_cast<double>(sample_rows) / static_cast<double>(n_rows)) {}

FitSample::~FitSample() = default;

bool FitSample::is_drawn(int64_t row) const {
    constexpr uint64_t kApart = 0x5ca1ab1e;  // from what draws validation rows with the same seed
    return share_ >= 1 || uniform(options_.seed ^ kApart, row) < share_;
}

void FitSample::find_keys(const Table& table) {
    for (const std::string& name : table.names()) {
        keys_.push_back(std::make_unique<Key>(name, *table.column(name)->type(), options_));
    }
}

void FitSample::add(const Table& table, const std::vector<char>& wanted, int64_t first_row) {
    if (keys_.empty()) find_keys(table);
    // Of validation rows alone nothing is taken, and their columns may have other types.
    if (!taken_.empty() && std::none_of(wanted.begin(), wanted.end(), [](char is) { return is != 0; })) return;
    const auto n = static_cast<size_t>(table.rows());
    std::vector<char> drawn(n), taken(n);
    for (size_t row = 0; row < n; ++row) drawn[row] = wanted[row] && is_drawn(first_row + static_cast<int64_t>(row));
    for (const auto& key : keys_) key->mark(table, wanted, taken);
    std::vector<int64_t> rows;
    std::vector<int64_t> drawn_rows;
    for (size_t row = 0; row < n; ++row) {
        if (!drawn[row] && !taken[row]) continue;
        rows.push_back(static_cast<int64_t>(row));
        drawn_rows.push_back(drawn[row]);
    }
    taken_.push_back(table.take(at::tensor(rows, at::kLong)).with_column(kDrawn, at::tensor(drawn_rows, at::kLong)));
}

FitSample::Rows FitSample::finish(Strategy& strategy) {
    std::vector<std::shared_ptr<arrow::Table>> parts;
    for (const Table& part : taken_) parts.push_back(part.arrow());
    arrow::ConcatenateTablesOptions unify;
    unify.unify_schemas = true;
    const std::string source = taken_.front().source();
    Table all(arrow_value(arrow::ConcatenateTables(parts, unify), "Cannot join row groups of ", source), source);
    taken_.clear();
    all = gather_tables(strategy, all);
    const at::Tensor rows = at::arange(all.rows());
    const at::Tensor drawn = all.numbers(kDrawn).nonzero().flatten();
    std::vector<std::string> names = all.names();
    names.pop_back();
    const at::Tensor sample = drawn.numel() == all.rows() || drawn.numel() == 0 ? rows : drawn;
    return {all.select(names), {.all = rows, .sample = sample, .n_rows = n_rows_}};
}

}  // namespace embark
