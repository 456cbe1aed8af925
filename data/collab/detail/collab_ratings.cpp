#include "collab_ratings.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <ATen/ATen.h>

#include "../../../core/detail/number_words.h"
#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../loaders/detail/largest_target.h"
#include "../../table/date_parts.h"
#include "../../table/detail/table_impl.h"

namespace embark {

CollabColumns resolve_columns(const std::vector<std::string>& names, const std::string& source,
                              const CollabOptions& options) {
    const auto resolve = [&](const std::string& given, size_t position, const char* what) {
        if (!given.empty()) return names[static_cast<size_t>(find_column(given, names, source))];
        require(position < names.size(), "No column of ", what, " was named, and ", display_name(source), " has only ",
                names.size(), names.size() == 1 ? " column" : " columns", "; users, items and ratings are three");
        return names[position];
    };
    CollabColumns columns = {resolve(options.user_name, 0, "users"), resolve(options.item_name, 1, "items"),
                                   resolve(options.rating_name, 2, "ratings")};
    const auto require_different = [](const std::string& a, const std::string& b, const char* what) {
        require(a != b, "Column '", a, "' cannot hold both the ", what, "; name a column for each");
    };
    require_different(columns.user, columns.item, "users and the items");
    require_different(columns.user, columns.rating, "users and the ratings");
    require_different(columns.item, columns.rating, "items and the ratings");
    if (options.time_name.empty()) return columns;
    columns.time_format = options.time_format;
    columns.time = names[static_cast<size_t>(find_column(options.time_name, names, source))];
    for (const std::string& other : columns.names()) require_different(columns.time, other, "times and another of these");
    return columns;
}

void set_names(CollabData& data, const CollabColumns& columns) {
    data.user_name = columns.user;
    data.item_name = columns.item;
    data.rating_name = columns.rating;
    data.time_name = columns.time;
    data.time_format = columns.time_format;
}

void add_id_warnings(const std::string& column, const Vocabulary& vocabulary, const std::vector<std::string>& values,
                     const EncodingCounts& counts, std::vector<Warning>& warnings) {
    const int64_t missing = counts.seen.at(column).missing;
    require(vocabulary.size() > 1, "Column '", column, "' has no id in its ", missing, " training ratings");
    const auto add = [&](const char* code, const auto&... parts) { warnings.push_back({code, concat(parts...)}); };
    if (missing > 0) {
        add("missing_ids", "column '", column, "' has no id in ", missing, missing == 1 ? " rating" : " ratings",
            " of the training part; they are kept as those of #na#, which stands for unknown ids");
    }
    if (vocabulary.spelling() != Spelling::integers) return;

    const auto& ids = vocabulary.names();
    const auto n_others = ids.end() - ids.begin() - 1 - std::count_if(ids.begin(), ids.end(), is_plain_integer);
    if (n_others > 0) {
        const auto first = std::find_if_not(ids.begin() + 1, ids.end(), is_plain_integer);
        add("mixed_ids", "column '", column, "' has ", n_others, n_others == 1 ? " id that is" : " ids that are",
            " not an integer among ", vocabulary.size() - 1, ", first '", *first,
            "': such ids are taken as they are written, and integers however they are written ('7.0' is '7', '007' is "
            "not)");
    }
    // Of a value that is not in its one spelling, whether that spelling is there too, or another value with it.
    std::map<std::string_view, std::string_view> written;
    for (const std::string& value : values) {
        const std::string_view one = spell(Spelling::integers, value);
        if (one != without_blanks(value)) written.emplace(one, value);
    }
    if (written.empty()) return;
    for (const std::string& value : values) {
        const auto other = written.find(spell(Spelling::integers, value));
        if (other == written.end() || without_blanks(other->second) == without_blanks(value)) continue;
        add("merged_ids", "column '", column, "' has integers that are written in several ways, such as '",
            value, "' and '", other->second, "'; each is taken for one id");
        return;
    }
}

void add_validation_warnings(const EncodingCounts& counts, std::vector<Warning>& warnings) {
    for (const Warning& warning : counts.id_warnings()) {
        warnings.push_back({warning.code, concat("in the validation ratings, ", warning.message)});
    }
}

RowValues<float> read_ratings(const Table& table, const std::string& column) {
    require(table.rows() > 0, "There are no ratings in ", display_name(table.source()));
    const RowValues<double> ratings = read_finite_numbers(table, column);
    if (const auto row = ratings.find(is_beyond_targets)) {
        fail(table.where(*row, column), ": the rating is too large to train with, at most ", kLargestTarget,
             " is; correct it, leave the row out, or give ratings in a larger unit");
    }
    return ratings.map([](double value) { return static_cast<float>(value); });
}

RowValues<double> read_times(const Table& table, const std::string& column, const std::string& format) {
    constexpr double kMostSeconds = 1e11;
    const bool dates = !format.empty() || table.type(column) == ColumnType::date;
    auto seconds = [&] {
        if (!dates) return read_finite_numbers(table, column);
        const Table parts = add_datepart(table.select({column}), column, {.prefix = "part", .format = format});
        return read_numbers(parts, "partElapsed");
    }();
    const auto odd = [](double value) { return !(std::abs(value) < kMostSeconds); };
    if (const auto row = seconds.find(odd)) {
        fail(table.where(*row, column), dates ? ": the time is missing; leave the row out"
                                              : ": the time is too large for seconds since 1970; milliseconds must be "
                                                "divided by 1000");
    }
    return seconds;
}

RowValues<int64_t> read_days(const Table& table, const std::string& column, const std::string& format) {
    return read_times(table, column, format).map([](double value) {
        return static_cast<int64_t>(std::floor(value / 86400));
    });
}

TensorDataset encode_ratings(const RowValues<int64_t>& users, const RowValues<int64_t>& items,
                             const RowValues<float>& ratings, const at::Tensor& rows) {
    const RowOrder order(rows, users.rows());
    const at::Tensor x = at::empty({rows.numel(), 2}, at::kLong), y = at::empty({rows.numel(), 1}, at::kFloat);
    scatter_rows<int64_t>({users, items}, order, x);
    scatter_rows<float>({ratings}, order, y);
    return {.inputs = {x}, .targets = {y}};
}

}  // namespace embark
