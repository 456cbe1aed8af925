#include "interaction_pairs.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../loaders/detail/largest_target.h"
#include "../../loaders/detail/random_order.h"
#include "../../table/detail/row_values.h"
#include "../../table/detail/table_impl.h"
#include "collab_ratings.h"

namespace embark {

namespace {

/// The columns that the options name; `rating`, `weight` and `time` are empty where they are not looked at.
struct EventColumns {
    std::string user, item, rating, weight, time;
};

EventColumns find_event_columns(const Table& table, const InteractionOptions& options) {
    const auto found = [&](const std::string& name, size_t place, const char* what) {
        if (!name.empty()) return table.names()[static_cast<size_t>(find_column(name, table.names(), table.source()))];
        require(place < table.names().size(), "No column of ", what, " was named, and ", display_name(table.source()),
                " has too few columns; users and items are two");
        return table.names()[place];
    };
    const auto if_named = [&](const std::string& name) { return name.empty() ? name : found(name, 0, ""); };
    EventColumns columns = {.user = found(options.user_name, 0, "users"),
                            .item = found(options.item_name, 1, "items"),
                            .rating = options.positives.lowest ? if_named(options.rating_name) : "",
                            .weight = if_named(options.weight_name),
                            .time = if_named(options.time_name)};
    const std::vector<std::pair<std::string, const char*>> roles = {{columns.user, "users"},
                                                                    {columns.item, "items"},
                                                                    {columns.rating, "ratings"},
                                                                    {columns.weight, "weights"},
                                                                    {columns.time, "times"}};
    for (size_t i = 0; i < roles.size(); ++i) {
        for (size_t j = 0; j < i; ++j) {
            require(roles[i].first.empty() || roles[i].first != roles[j].first || (i == 3 && j == 2), "Column '",
                    roles[i].first, "' cannot hold both the ", roles[j].second, " and the ", roles[i].second,
                    "; name a column for each");
        }
    }
    return columns;
}

/// For every row whether it is a positive, and how many are not, by the rating and by an id that is missing.
struct WantedRows {
    std::vector<char> wanted;
    int64_t below = 0, without_user = 0, without_item = 0;
};

WantedRows find_positives(const Table& table, const EventColumns& columns, const Positives& positives,
                          const EncodedColumn& users, const EncodedColumn& items) {
    WantedRows found = {.wanted = std::vector<char>(static_cast<size_t>(table.rows()), 1)};
    if (!columns.rating.empty()) {
        read_finite_numbers(table, columns.rating).with([&](auto rating) {
            for (int64_t row = 0; row < table.rows(); ++row) {
                const bool is_positive = rating(row) >= *positives.lowest;
                found.wanted[static_cast<size_t>(row)] = is_positive;
                found.below += !is_positive;
            }
        });
    }
    for (const auto& [column, missing] : {std::pair(&users, &found.without_user), {&items, &found.without_item}}) {
        column->visit([&, missing = missing](int64_t row, int32_t code) {
            char& wanted = found.wanted[static_cast<size_t>(row)];
            if (code >= 0 || !wanted) return;
            wanted = 0;
            ++*missing;
        });
    }
    return found;
}

void add_missing_warning(const std::string& column, int64_t missing, std::vector<Warning>& warnings) {
    if (missing == 0) return;
    warnings.push_back({"missing_ids", concat("column '", column, "' has no id in ", missing,
                                              missing == 1 ? " event" : " events", "; they are left out")});
}

/// Adds what a user should know of how the ids of a column are written.
void add_spelling_warnings(const std::string& name, const EncodedColumn& column, const Vocabulary& ids,
                           const std::vector<char>& wanted, std::vector<Warning>& warnings) {
    std::vector<std::string> values;
    visit_distinct(column, wanted, [&](int64_t, std::string_view value) { values.emplace_back(value); });
    EncodingCounts none_missing;
    none_missing.add(name, SeenValues{});
    add_id_warnings(name, ids, values, none_missing, warnings);
}

/// Events of each pair put together. `pairs` has one entry an event.
void merge_events(std::vector<InteractionPair>& pairs) {
    std::ranges::sort(pairs, {}, [](const InteractionPair& pair) { return std::tuple(pair.user, pair.item, pair.row); });
    size_t kept = 0;
    for (const InteractionPair& event : pairs) {
        InteractionPair* last = kept > 0 ? &pairs[kept - 1] : nullptr;
        if (last == nullptr || last->user != event.user || last->item != event.item) {
            pairs[kept++] = event;
            continue;
        }
        last->weight += event.weight;
        if (event.time >= last->time) {
            last->time = event.time;
            last->row = event.row;
        }
    }
    pairs.resize(kept);
}

RowValues<double> read_weights(const Table& table, const std::string& column) {
    RowValues<double> weights = read_finite_numbers(table, column);
    if (const auto row = weights.find([](double weight) { return weight <= 0; })) {
        fail(table.where(*row, column), ": the weight of an event must be above 0; leave the row out");
    }
    // Models compute in 32 bits.
    const auto is_lost = [](double weight) { return is_beyond_targets(weight) || static_cast<float>(weight) == 0; };
    if (const auto row = weights.find(is_lost)) {
        fail(table.where(*row, column), ": the weight of an event is too large or too small to train with; give weights in "
             "another unit");
    }
    return weights;
}

/// Gives the parts that follow the earliest pairs of `order`, places of pairs from first to last in time or chance, to
/// the last of them.
void mark_last(const std::vector<size_t>& order, int64_t n_test, int64_t n_valid, std::vector<InteractionPart>& parts) {
    const auto n = std::ssize(order);
    for (int64_t i = 0; i < std::min(n_test, n); ++i) parts[order[static_cast<size_t>(n - 1 - i)]] = InteractionPart::test;
    for (int64_t i = n_test; i < std::min(n_test + n_valid, n); ++i) {
        parts[order[static_cast<size_t>(n - 1 - i)]] = InteractionPart::valid;
    }
}

int64_t share_of(double share, size_t n) {
    return static_cast<int64_t>(std::nearbyint(share * static_cast<double>(n)));
}

void sort_by_time(const std::vector<InteractionPair>& pairs, std::vector<size_t>& order) {
    std::ranges::sort(order, {}, [&](size_t i) { return std::tuple(pairs[i].time, pairs[i].row, pairs[i].item); });
}

}  // namespace

InteractionPairs read_interaction_pairs(const Table& table, const InteractionOptions& options) {
    require(table.rows() > 0, "There are no events in ", display_name(table.source()));
    const EventColumns columns = find_event_columns(table, options);
    const EncodedColumn users(table, columns.user), items(table, columns.item);
    const WantedRows rows = find_positives(table, columns, options.positives, users, items);
    const bool any = std::ranges::find(rows.wanted, 1) != rows.wanted.end();
    require(any || rows.below == 0, "None of the ", table.rows(), " rows of ", display_name(table.source()),
            " has a rating of at least ", options.positives.lowest.value_or(0), " in column '", columns.rating,
            "' with a user and an item, so there are no positives");
    require(any, "No row of ", display_name(table.source()), " has both a user and an item");

    InteractionPairs read = {.user_name = columns.user,
                             .item_name = columns.item,
                             .users = fit_ids(users, rows.wanted),
                             .items = fit_ids(items, rows.wanted)};
    add_missing_warning(columns.user, rows.without_user, read.warnings);
    add_missing_warning(columns.item, rows.without_item, read.warnings);
    add_spelling_warnings(columns.user, users, read.users, rows.wanted, read.warnings);
    add_spelling_warnings(columns.item, items, read.items, rows.wanted, read.warnings);

    const at::Tensor user = encode_column(read.users, users).tensor(), item = encode_column(read.items, items).tensor();
    at::Tensor weight, time;
    if (!columns.weight.empty()) weight = read_weights(table, columns.weight).tensor();
    if (!columns.time.empty()) time = read_times(table, columns.time, options.time_format).tensor();
    const int64_t *user_of = user.const_data_ptr<int64_t>(), *item_of = item.const_data_ptr<int64_t>();
    const double* weight_of = weight.defined() ? weight.const_data_ptr<double>() : nullptr;
    const double* time_of = time.defined() ? time.const_data_ptr<double>() : nullptr;
    for (int64_t row = 0; row < table.rows(); ++row) {
        if (!rows.wanted[static_cast<size_t>(row)]) continue;
        read.pairs.push_back({user_of[row], item_of[row], weight_of ? weight_of[row] : 1, time_of ? time_of[row] : 0, row});
    }
    merge_events(read.pairs);
    return read;
}

std::vector<InteractionPart> split_pairs(const std::vector<InteractionPair>& pairs, const InteractionOptions& options) {
    std::vector<InteractionPart> parts(pairs.size(), InteractionPart::train);
    std::vector<size_t> order;
    if (options.split == InteractionSplit::global_temporal) {
        order.resize(pairs.size());
        std::iota(order.begin(), order.end(), size_t{0});
        sort_by_time(pairs, order);
        mark_last(order, share_of(options.test_pct, order.size()), share_of(options.valid_pct, order.size()), parts);
        return parts;
    }
    for (size_t begin = 0; begin < pairs.size();) {
        size_t end = begin;
        while (end < pairs.size() && pairs[end].user == pairs[begin].user) ++end;
        order.resize(end - begin);
        std::iota(order.begin(), order.end(), begin);
        if (options.split == InteractionSplit::random) {
            const auto drawn = random_order(std::ssize(order), derived_seed(options.seed, pairs[begin].user));
            for (size_t i = 0; i < order.size(); ++i) order[i] = begin + static_cast<size_t>(drawn[i]);
        } else {
            sort_by_time(pairs, order);
        }
        if (options.split == InteractionSplit::leave_last_out) {
            mark_last(order, order.size() >= 2, order.size() >= 3, parts);
        } else {
            mark_last(order, share_of(options.test_pct, order.size()), share_of(options.valid_pct, order.size()), parts);
        }
        begin = end;
    }
    return parts;
}

InteractionLists lists_of_pairs(const std::vector<InteractionPair>& pairs, int64_t n_users) {
    const auto n = std::ssize(pairs);
    InteractionLists lists = {.bags = {.offsets = at::zeros({n_users + 1}, at::kLong),
                                       .indices = at::empty({n}, at::kLong),
                                       .weights = at::empty({n}, at::kFloat)},
                              .pairs = n};
    int64_t* offsets = lists.bags.offsets.mutable_data_ptr<int64_t>();
    int64_t* items = lists.bags.indices.mutable_data_ptr<int64_t>();
    float* weights = lists.bags.weights.mutable_data_ptr<float>();
    for (int64_t i = 0; i < n; ++i) {
        const InteractionPair& pair = pairs[static_cast<size_t>(i)];
        ++offsets[pair.user + 1];
        items[i] = pair.item;
        weights[i] = static_cast<float>(pair.weight);
    }
    for (int64_t user = 0; user < n_users; ++user) {
        lists.users += offsets[user + 1] > 0;
        offsets[user + 1] += offsets[user];
    }
    return lists;
}

}  // namespace embark
