#include "side_features.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/detail/number_words.h"
#include "../../core/error.h"
#include "../../core/text.h"
#include "../table/column_look.h"
#include "../table/date_parts.h"
#include "../table/detail/format_rows.h"
#include "../table/detail/table_impl.h"
#include "../tabular/detail/summarize_look.h"

namespace embark {

namespace {

constexpr char kValueSeparator = '|';
/// Ranges that a column of numbers becomes, and numbers up to which it is a category.
constexpr size_t kRanges = 16, kFewNumbers = 10;

// Of the rows that a column is looked at in, the first `n_trained` are of ids that training knows; these alone decide on
// its features.

/// What one column tells: the features, and which of them each of the rows has.
struct ColumnFeatures {
    ColumnKind kind = ColumnKind::ignored;
    std::string why = {};
    std::vector<std::string> names = {};
    std::vector<std::vector<int64_t>> of_rows = {};
};

/// The row of the table that each id of the vocabulary has, −1 where it has none.
std::vector<int64_t> rows_of_ids(const Table& table, const std::string& id_name, const Vocabulary& ids) {
    std::vector<int64_t> rows(static_cast<size_t>(ids.size()), -1);
    const std::vector<std::string> values = table.text(id_name);
    for (int64_t row = 0; row < table.rows(); ++row) {
        const int64_t id = ids.index(without_blanks(values[static_cast<size_t>(row)]));
        if (id == 0) continue;
        int64_t& of_id = rows[static_cast<size_t>(id)];
        require(of_id < 0, table.where(row, id_name), ": '", one_line(values[static_cast<size_t>(row)]),
                "' has a row already, ", table.where(of_id, id_name), "; there is one for each id");
        of_id = row;
    }
    return rows;
}

/// Categories, or the parts of texts that have several, that at least two rows have.
ColumnFeatures category_features(const std::string& name, const std::vector<std::string>& values, size_t n_trained,
                                 bool several) {
    ColumnFeatures features{.kind = ColumnKind::category, .of_rows = std::vector<std::vector<int64_t>>(values.size())};
    std::map<std::string, std::vector<size_t>, std::less<>> rows;
    for (size_t row = 0; row < values.size(); ++row) {
        std::set<std::string_view> parts;
        std::string_view rest = values[row];
        for (size_t end = 0; several && (end = rest.find(kValueSeparator)) != std::string_view::npos;) {
            parts.insert(without_blanks(rest.substr(0, end)));
            rest.remove_prefix(end + 1);
        }
        parts.insert(without_blanks(rest));
        for (const std::string_view part : parts) {
            if (!part.empty()) rows[std::string(part)].push_back(row);
        }
    }
    size_t n_values = 0, of_one = 0;
    for (const auto& [value, having] : rows) {
        const auto trained = std::ranges::count_if(having, [&](size_t row) { return row < n_trained; });
        if (trained > 0) ++n_values;
        if (trained == 1) ++of_one;
        if (trained < 2) continue;
        for (const size_t row : having) features.of_rows[row].push_back(std::ssize(features.names));
        features.names.push_back(concat(name, "=", value));
    }
    if (several) features.why = "several values, parted by |";
    if (2 * of_one > n_values) {
        features.kind = ColumnKind::ignored;
        features.why = concat(of_one, " of its ", n_values, " values are each of a single row");
    }
    return features;
}

/// One feature, of the rows where `numbers` is 1.
ColumnFeatures flag_features(const std::string& name, const std::vector<double>& numbers) {
    ColumnFeatures features{.kind = ColumnKind::category,
                            .why = "true or false",
                            .names = {name},
                            .of_rows = std::vector<std::vector<int64_t>>(numbers.size())};
    for (size_t row = 0; row < numbers.size(); ++row) {
        if (numbers[row] == 1) features.of_rows[row] = {0};
    }
    return features;
}

/// Ranges of numbers, NaN for missing ones, with as many rows each as ties allow; a number above them is in the last.
ColumnFeatures range_features(const std::string& name, const std::vector<double>& numbers, size_t n_trained,
                              ColumnKind kind) {
    ColumnFeatures features{.kind = kind, .of_rows = std::vector<std::vector<int64_t>>(numbers.size())};
    std::vector<double> sorted;
    std::copy_if(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(n_trained), std::back_inserter(sorted),
                 [](double value) { return !std::isnan(value); });
    std::ranges::sort(sorted);
    std::set<double> ends;  // the highest number of each range
    for (size_t i = 1; i <= kRanges && !sorted.empty(); ++i) ends.insert(sorted[i * sorted.size() / kRanges - (i == kRanges)]);
    const std::vector<double> last(ends.begin(), ends.end());
    for (size_t i = 0; i < last.size(); ++i) {
        features.names.push_back(i == 0 ? concat(name, " up to ", last[i])
                                        : concat(name, " above ", last[i - 1], " to ", last[i]));
    }
    for (size_t row = 0; row < numbers.size(); ++row) {
        if (std::isnan(numbers[row])) continue;
        features.of_rows[row] = {std::min<int64_t>(std::ranges::lower_bound(last, numbers[row]) - last.begin(),
                                                   std::ssize(last) - 1)};
    }
    features.why = concat(last.size(), " ranges");
    return features;
}

std::vector<double> seconds_of(const Table& table, const std::string& name) {
    const at::Tensor seconds =
        add_datepart(table.select({name}), name, {.prefix = "part", .drop = false}).numbers("partElapsed");
    return {seconds.const_data_ptr<double>(), seconds.const_data_ptr<double>() + seconds.numel()};
}

/// What column `name` of the rows tells, of whose first rows `look` is.
ColumnFeatures features_of(const Table& rows, const std::string& name, const ColumnLook& look) {
    const auto n_trained = static_cast<size_t>(look.rows);
    if (look.distinct < 2) return {.why = "it has fewer than two values"};
    if (look.type == ColumnType::date) return range_features(name, seconds_of(rows, name), n_trained, ColumnKind::date);
    if (look.type == ColumnType::integer || look.type == ColumnType::number) {
        require_settled(rows, name, look, "a column of texts");
        const at::Tensor tensor = rows.numbers(name);
        const auto* first = tensor.const_data_ptr<double>();
        const std::vector<double> numbers(first, first + tensor.numel());
        std::set<double> values;
        std::copy_if(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(n_trained),
                     std::inserter(values, values.end()), [](double value) { return !std::isnan(value); });
        const bool flag = std::ranges::all_of(values, [](double value) { return value == 0 || value == 1; });
        if (flag) return flag_features(name, numbers);
        if (values.size() > kFewNumbers) return range_features(name, numbers, n_trained, ColumnKind::number);
    }
    const std::vector<std::string> texts = rows.text(name);
    const bool several = std::ranges::any_of(texts, [](const auto& text) { return text.find(kValueSeparator) != text.npos; });
    return category_features(name, texts, n_trained, several);
}

/// The column of ids.
std::string id_column_of(const SideTable& side, const std::string& id_name) {
    const Table& table = side.table;
    require(table.columns() >= 2, display_name(table.source()), " has no column besides that of ids");
    const std::string column = !side.id_name.empty() ? side.id_name
                               : table.has(id_name) ? id_name
                                                    : table.names().front();
    find_column(column, table.names(), table.source());
    return column;
}

}  // namespace

Vocabulary with_ids_of(const SideTable& side, const std::string& id_name, const Vocabulary& ids) {
    std::vector<std::string> names = ids.names();
    std::set<std::string> added;
    for (const std::string& value : side.table.text(id_column_of(side, id_name))) {
        const std::string_view id = without_blanks(value);
        if (ids.is_missing(id) || ids.has(id)) continue;
        const std::string spelled(spell(ids.spelling(), id));
        if (added.insert(spelled).second) names.push_back(spelled);
    }
    return Vocabulary::from_names(std::move(names), ids.spelling());
}

SideFeatures fit_side_features(const SideTable& side, const std::string& id_name, const Vocabulary& ids,
                               int64_t n_trained, std::vector<Warning>& warnings) {
    const Table& table = side.table;
    const std::string id_column = id_column_of(side, id_name);
    const std::vector<int64_t> row_of = rows_of_ids(table, id_column, ids);
    std::vector<int64_t> rows, row_ids;
    int64_t known_rows = 0;
    for (size_t id = 1; id < row_of.size(); ++id) {
        if (row_of[id] < 0) continue;
        rows.push_back(row_of[id]);
        row_ids.push_back(static_cast<int64_t>(id));
        if (row_ids.back() < n_trained) ++known_rows;
    }
    require(known_rows > 0, display_name(table.source()), " has no row for any id of '", id_name, "' in its column '",
            id_column, "', such as '", ids.name(n_trained - 1), "'");
    const int64_t without = n_trained - 1 - known_rows;
    if (without > 0) {
        warnings.push_back({"missing_rows", concat(without, " of the ", n_trained - 1, " ids of column '", id_name,
                                                   "' have no row in ", display_name(table.source()))});
    }
    const std::vector<std::string> given = table.text(id_column);
    const auto nameless = std::ranges::count_if(given, [&](const auto& id) { return ids.is_missing(without_blanks(id)); });
    if (nameless > 0) {
        warnings.push_back({"rows_without_id", concat(nameless, " of the ", table.rows(), " rows of ", display_name(table.source()),
                                                      " have no id in column '", id_column, "' and are left out")});
    }

    const Table used = table.take(at::tensor(rows, at::kLong)), known = used.take(at::arange(known_rows));
    SideFeatures result;
    std::vector<std::vector<std::pair<int64_t, float>>> of_ids(row_of.size());
    for (const std::string& name : table.names()) {
        if (name == id_column) continue;
        const ColumnLook look = look_at(known, name);
        const ColumnFeatures features = features_of(used, name, look);
        result.columns.push_back(summarize(name, features.kind, look, features.why));
        if (features.kind == ColumnKind::ignored) continue;
        for (size_t i = 0; i < rows.size(); ++i) {
            const auto& having = features.of_rows[i];
            const auto weight = static_cast<float>(1 / std::sqrt(static_cast<double>(std::max<size_t>(1, having.size()))));
            for (const int64_t feature : having) {
                of_ids[static_cast<size_t>(row_ids[i])].emplace_back(result.size() + feature, weight);
            }
        }
        result.names.insert(result.names.end(), features.names.begin(), features.names.end());
    }
    require(!result.names.empty(), display_name(table.source()), " has no column that tells of more than one id of '",
            id_name, "': ", join(table.names()));

    std::vector<int64_t> offsets = {0}, indices;
    std::vector<float> weights;
    for (auto& features : of_ids) {
        std::ranges::sort(features);
        for (const auto& [feature, weight] : features) {
            indices.push_back(feature);
            weights.push_back(weight);
        }
        offsets.push_back(std::ssize(indices));
    }
    result.bags = {at::tensor(offsets, at::kLong), at::tensor(indices, at::kLong), at::tensor(weights, at::kFloat)};
    return result;
}

}  // namespace embark
