#include "collab.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>

#include "../core/error.h"
#include "coded_column.h"
#include "loader_options.h"
#include "row_values.h"
#include "table_impl.h"

namespace embark {

namespace {

/// The columns that hold users, items and ratings.
struct CollabColumns {
    std::string user, item, rating;
};

CollabColumns resolve_columns(const Table& table, const CollabOptions& options) {
    const auto& names = table.names();
    const auto resolve = [&](const std::string& given, size_t position, const char* what) {
        if (!given.empty()) return names[static_cast<size_t>(find_column(given, names, table.source()))];
        require(position < names.size(), "No column of ", what, " was named, and ", spoken_name(table.source()),
                " has only ", names.size(), names.size() == 1 ? " column" : " columns",
                "; users, items and ratings are three");
        return names[position];
    };
    const CollabColumns columns = {resolve(options.user_name, 0, "users"), resolve(options.item_name, 1, "items"),
                                   resolve(options.rating_name, 2, "ratings")};
    const auto require_different = [](const std::string& a, const std::string& b, const char* what) {
        require(a != b, "Column '", a, "' cannot hold both the ", what, "; name a column for each");
    };
    require_different(columns.user, columns.item, "users and the items");
    require_different(columns.user, columns.rating, "users and the ratings");
    require_different(columns.item, columns.rating, "items and the ratings");
    return columns;
}

RowValues<float> read_ratings(const Table& table, const std::string& column) {
    require(table.rows() > 0, "There are no ratings in ", spoken_name(table.source()));
    const RowValues<double> ratings = read_finite_numbers(table, column);
    if (const auto row = ratings.find([](double value) { return !std::isfinite(static_cast<float>(value)); })) {
        fail(table.where(*row, column), ": the rating is too large for a 32-bit number");
    }
    return ratings.map([](double value) { return static_cast<float>(value); });
}

/// The columns of users and items of one table.
struct CodedIds {
    CodedColumn users, items;
    CodedIds(const Table& table, const CollabColumns& columns)
        : users(table, columns.user), items(table, columns.item) {}
};

/// The ratings of `rows` (1-d int64).
TensorDataset encode_ratings(const CollabData& fitted, const CodedIds& ids, const RowValues<float>& ratings,
                             const at::Tensor& rows) {
    const RowOrder order(rows, ids.users.rows());
    const at::Tensor x = at::empty({rows.numel(), 2}, at::kLong), y = at::empty({rows.numel(), 1}, at::kFloat);
    put_rows<int64_t>({encode_column(fitted.users, ids.users), encode_column(fitted.items, ids.items)}, order, x);
    put_rows<float>({ratings}, order, y);
    return {.inputs = {x}, .targets = {y}};
}

/// What `n_users` rated, from encoded (n, 2) users and items.
RatedItems rated_items(const at::Tensor& x, int64_t n_users) {
    const auto rating = x.accessor<int64_t, 2>();
    const auto each_known = [&](const auto& visit) {
        for (int64_t i = 0; i < x.size(0); ++i) {
            if (rating[i][0] != 0 && rating[i][1] != 0) visit(static_cast<size_t>(rating[i][0]), rating[i][1]);
        }
    };
    // Sorted by user: end[u] goes from where user u's items begin to where they end.
    std::vector<int64_t> end(static_cast<size_t>(n_users) + 1, 0);
    each_known([&](size_t user, int64_t) { ++end[user + 1]; });
    std::partial_sum(end.begin(), end.end(), end.begin());
    RatedItems rated = {.offsets = at::zeros({n_users + 1}, at::kLong), .items = at::empty({end.back()}, at::kLong)};
    int64_t* items = rated.items.mutable_data_ptr<int64_t>();
    each_known([&](size_t user, int64_t item) { items[end[user]++] = item; });

    int64_t* offset = rated.offsets.mutable_data_ptr<int64_t>();
    int64_t first = 0, kept = 0;
    for (int64_t user = 0; user < n_users; ++user) {
        const int64_t last = end[static_cast<size_t>(user)];
        std::sort(items + first, items + last);
        kept = std::unique_copy(items + first, items + last, items + kept) - items;
        offset[user + 1] = kept;
        first = last;
    }
    if (kept < rated.items.numel()) rated.items = rated.items.narrow(0, 0, kept).clone();
    return rated;
}

/// Fits the vocabularies on the rows for which `wanted` is set; the rest is fitted later, on encoded rows.
std::shared_ptr<CollabData> fit_vocabularies(const CodedIds& ids, const CollabColumns& columns,
                                             const std::vector<char>& wanted) {
    auto fitted = std::make_shared<CollabData>();
    fitted->user_name = columns.user;
    fitted->item_name = columns.item;
    fitted->rating_name = columns.rating;
    fitted->users = fit_vocabulary(ids.users, wanted);
    fitted->items = fit_vocabulary(ids.items, wanted);
    return fitted;
}

/// Takes over what the encoded training ratings say.
void fit_ratings(CollabData& fitted, const TensorDataset& train) {
    fitted.train_pairs = train.inputs.front();
    const at::Tensor& ratings = train.targets.front();
    fitted.rating_min = ratings.min().item<double>();
    fitted.rating_max = ratings.max().item<double>();
}

}  // namespace

std::map<std::string, Vocabulary> CollabData::classes() const {
    return {{user_name, users}, {item_name, items}};
}

Table CollabData::decode(const Batch& batch) const {
    const at::Tensor& x = batch.inputs.at(0);
    const Table ids =
        Table::from_text({{user_name, users.decode(x.select(1, 0))}, {item_name, items.decode(x.select(1, 1))}});
    return batch.targets.empty() ? ids : ids.with_column(rating_name, batch.targets.front().flatten());
}

at::Tensor CollabData::encode(const std::vector<std::string>& user_ids,
                              const std::vector<std::string>& item_ids) const {
    require(user_ids.size() == item_ids.size(), "There must be one item for each user: ", user_ids.size(),
            " users were given and ", item_ids.size(), " items");
    at::Tensor encoded = at::empty({static_cast<int64_t>(user_ids.size()), 2}, at::kLong);
    int64_t* out = encoded.mutable_data_ptr<int64_t>();
    for (size_t i = 0; i < user_ids.size(); ++i) {
        *out++ = users.index(user_ids[i]);
        *out++ = items.index(item_ids[i]);
    }
    return encoded;
}

const RatedItems& CollabData::rated() const {
    std::call_once(rated_once_, [&] { rated_ = rated_items(train_pairs, users.size()); });
    return rated_;
}

CollabDataLoaders::CollabDataLoaders(DataLoaders loaders, std::shared_ptr<const CollabData> collab)
    : DataLoaders(std::move(loaders)), collab_(std::move(collab)) {}

CollabDataLoaders CollabDataLoaders::resampled(uint64_t seed) const {
    CollabDataLoaders other = *this;
    static_cast<DataLoaders&>(other) = DataLoaders::resampled(seed);
    return other;
}

CollabDataLoaders CollabDataLoaders::from_table(const Table& table, const CollabOptions& options) {
    const DataLoadersOptions loaders = loader_options(options);
    require_valid(loaders);
    const CollabColumns columns = resolve_columns(table, options);
    const RowValues<float> ratings = read_ratings(table, columns.rating);
    const Split split = split_rows(table, options.splitter, loaders);
    const CodedIds ids(table, columns);
    const auto fitted = fit_vocabularies(ids, columns, mark_rows(split.train, table));
    TensorDataset train = encode_ratings(*fitted, ids, ratings, split.train);
    fit_ratings(*fitted, train);

    std::optional<DataLoader> valid;
    if (split.valid.numel() > 0) {
        valid = valid_loader(encode_ratings(*fitted, ids, ratings, split.valid), loaders);
    }
    return {DataLoaders(train_loader(std::move(train), loaders), std::move(valid), fitted), fitted};
}

CollabDataLoaders CollabDataLoaders::from_tables(const Table& train, const Table& valid, const CollabOptions& options) {
    const DataLoadersOptions loaders = loader_options(options);
    require_valid(loaders);
    const CollabColumns columns = resolve_columns(train, options);
    const RowValues<float> train_ratings = read_ratings(train, columns.rating);
    const RowValues<float> valid_ratings = read_ratings(valid, columns.rating);
    const CodedIds train_ids(train, columns), valid_ids(valid, columns);
    const std::vector<char> every_row(static_cast<size_t>(train.rows()), 1);
    const auto fitted = fit_vocabularies(train_ids, columns, every_row);
    TensorDataset train_data = encode_ratings(*fitted, train_ids, train_ratings, at::arange(train.rows()));
    fit_ratings(*fitted, train_data);
    TensorDataset valid_data = encode_ratings(*fitted, valid_ids, valid_ratings, at::arange(valid.rows()));
    return {
        DataLoaders(train_loader(std::move(train_data), loaders), valid_loader(std::move(valid_data), loaders), fitted),
        fitted};
}

}  // namespace embark
