#include "column_splitters.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "../../core/text.h"
#include "../../predictor/date_parts.h"
#include "../table/detail/arrow_utils.h"
#include "../table/detail/table_impl.h"
#include "../table/table.h"
#include "detail/random_order.h"
#include "detail/split_rows.h"

namespace embark {

namespace {

/// How many rows of each class are for validation: its share rounded down, and one more for those whose share was cut
/// most, until there are `n_valid` in all. Every class keeps a row for training.
std::vector<int64_t> shares(const std::vector<int64_t>& sizes, double valid_pct, int64_t n_valid) {
    std::vector<int64_t> wanted;
    std::vector<double> cut;
    for (const int64_t size : sizes) {
        const double share = valid_pct * static_cast<double>(size);
        // A share that is whole but for rounding is whole.
        wanted.push_back(std::min(static_cast<int64_t>(share + 1e-9), size - 1));
        cut.push_back(share - static_cast<double>(wanted.back()));
    }
    std::vector<size_t> order(sizes.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return cut[a] > cut[b]; });
    int64_t missing = n_valid - std::accumulate(wanted.begin(), wanted.end(), int64_t{0});
    for (const size_t number : order) {
        if (missing <= 0) break;
        if (wanted[number] + 1 >= sizes[number]) continue;
        ++wanted[number];
        --missing;
    }
    return wanted;
}

/// The values of `column` as numbers that order them: as numbers where the first is one, else as dates.
std::vector<double> times(const Table& table, const std::string& column, const std::string& date_format) {
    const auto values =
        as_text(table.column(column), concat("column '", column, "' of ", display_name(table.source())));
    std::vector<double> result;
    result.reserve(static_cast<size_t>(table.rows()));
    bool are_numbers = false;
    // With a format such as %Y%m%d a date may look like a number.
    const auto is_by_format = [&](std::string_view text) {
        return !date_format.empty() && date_seconds(text, date_format);
    };
    visit_text(*values, [&](int64_t row, std::optional<std::string_view> text) {
        if (!text) fail(table.where(row, column), ": the value is missing, and a date or number is needed");
        const auto number = parse_double(*text);
        const bool is_number = number && std::isfinite(*number) && !is_by_format(*text);
        const auto date = is_number ? std::nullopt : date_seconds(*text, date_format);
        if (!is_number && !date) {
            fail(table.where(row, column), ": ", in_quotes(*text), " is neither a date nor a number; ",
                 date_hint(date_format));
        }
        if (row == 0) are_numbers = is_number;
        if (is_number != are_numbers) {
            fail(table.where(row, column), ": ", in_quotes(*text), " is a ", is_number ? "number" : "date",
                 " where the rows before have ", are_numbers ? "numbers" : "dates");
        }
        result.push_back(is_number ? *number : *date);
        return true;
    });
    return result;
}

/// The time from which on rows are for validation: the one that gives nearest to `wanted` rows, both sides not empty.
double first_valid_time(std::vector<double> sorted, double wanted) {
    std::sort(sorted.begin(), sorted.end());
    const auto rows = static_cast<int64_t>(sorted.size());
    std::optional<double> best;
    double best_distance = 0;
    for (int64_t i = 1; i < rows; ++i) {
        if (sorted[static_cast<size_t>(i)] == sorted[static_cast<size_t>(i - 1)]) continue;
        const double distance = std::abs(static_cast<double>(rows - i) - wanted);
        // Where two are as near, the later one leaves more for training.
        if (best && distance > best_distance) continue;
        best = sorted[static_cast<size_t>(i)];
        best_distance = distance;
    }
    require(best.has_value(), "The latest rows cannot be told from the others: ",
            rows == 0 ? "there are none" : "all rows are equally late");
    return *best;
}

/// For each group whether it is for validation: in `order` those that fit into `wanted` rows, and the one more that
/// comes nearest to it, where that is nearer than without.
std::vector<char> choose_groups(const std::vector<int64_t>& sizes, const std::vector<int64_t>& order, double wanted) {
    std::vector<char> chosen(sizes.size(), 0);
    double taken = 0;
    size_t n_chosen = 0;
    for (const int64_t group : order) {
        const auto size = static_cast<double>(sizes[static_cast<size_t>(group)]);
        if (taken + size > wanted + 1e-9) continue;
        chosen[static_cast<size_t>(group)] = 1;
        taken += size;
        ++n_chosen;
    }
    std::optional<size_t> nearest;
    for (const int64_t group : order) {
        const auto number = static_cast<size_t>(group);
        if (!chosen[number] && (!nearest || sizes[number] < sizes[*nearest])) nearest = number;
    }
    const bool nearer = nearest && taken + static_cast<double>(sizes[*nearest]) - wanted < wanted - taken;
    if (n_chosen == 0 || (nearer && n_chosen + 1 < sizes.size())) chosen[*nearest] = 1;
    return chosen;
}

}  // namespace

Splitter stratified_splitter(std::string column, double valid_pct, uint64_t seed) {
    require_valid_pct(valid_pct);
    return [=, column = std::move(column)](const Table& table) {
        const RowClasses classes = row_classes(table, column);
        std::vector<int64_t> wanted = shares(classes.sizes, valid_pct, validation_rows(valid_pct, table.rows()));
        require(std::any_of(wanted.begin(), wanted.end(), [](int64_t rows) { return rows > 0; }),
                "The validation part would be empty: no value of column '", column, "' of ",
                display_name(table.source()), " has two rows");
        std::vector<char> is_valid(classes.of_row.size(), 0);
        for (const int64_t row : random_order(table.rows(), seed)) {
            int64_t& left = wanted[static_cast<size_t>(classes.of_row[static_cast<size_t>(row)])];
            is_valid[static_cast<size_t>(row)] = left > 0;
            left -= left > 0;
        }
        return split_by(is_valid);
    };
}

Splitter time_splitter(std::string column, double valid_pct, std::string date_format) {
    require_valid_pct(valid_pct);
    if (!date_format.empty()) require_date_format(date_format);
    return [=, column = std::move(column), date_format = std::move(date_format)](const Table& table) {
        const std::vector<double> time = times(table, column, date_format);
        const double first = first_valid_time(time, valid_pct * static_cast<double>(table.rows()));
        std::vector<char> is_valid(time.size());
        std::transform(time.begin(), time.end(), is_valid.begin(), [&](double t) { return t >= first; });
        return split_by(is_valid);
    };
}

Splitter leave_last_out_splitter(std::string user_column, std::string time_column, std::string date_format) {
    if (!date_format.empty()) require_date_format(date_format);
    return [=, user_column = std::move(user_column), time_column = std::move(time_column),
            date_format = std::move(date_format)](const Table& table) {
        const std::vector<double> time = times(table, time_column, date_format);
        const RowClasses users = row_classes(table, user_column);
        std::vector<size_t> last(users.sizes.size(), time.size());
        for (size_t row = 0; row < time.size(); ++row) {
            size_t& of_user = last[static_cast<size_t>(users.of_row[row])];
            if (of_user == time.size() || time[row] >= time[of_user]) of_user = row;
        }
        std::vector<char> is_valid(time.size(), 0);
        for (size_t user = 0; user < last.size(); ++user) {
            if (users.sizes[user] > 1) is_valid[last[user]] = 1;
        }
        require(std::any_of(is_valid.begin(), is_valid.end(), [](char valid) { return valid != 0; }),
                "The validation part would be empty: no value of column '", user_column, "' of ",
                display_name(table.source()), " has two rows");
        return split_by(is_valid);
    };
}

Splitter group_splitter(std::string column, double valid_pct, uint64_t seed) {
    require_valid_pct(valid_pct);
    return [=, column = std::move(column)](const Table& table) {
        const RowClasses groups = row_classes(table, column);
        const auto n_groups = static_cast<int64_t>(groups.sizes.size());
        require(n_groups >= 2, "Groups cannot be kept apart: column '", column, "' of ", display_name(table.source()),
                n_groups == 1 ? " has the same value in every row" : " has no rows");
        const std::vector<char> chosen =
            choose_groups(groups.sizes, random_order(n_groups, seed), valid_pct * static_cast<double>(table.rows()));
        std::vector<char> is_valid;
        for (const int32_t group : groups.of_row) is_valid.push_back(chosen[static_cast<size_t>(group)]);
        return split_by(is_valid);
    };
}

}  // namespace embark
