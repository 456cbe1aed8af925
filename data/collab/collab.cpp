#include "collab.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/detail/parallel.h"
#include "../../core/error.h"
#include "../loaders/detail/loader_options.h"
#include "../table/detail/encoded_column.h"
#include "detail/collab_ratings.h"

namespace embark {

namespace {

/// The columns of users and items of one table.
struct CodedIds {
    EncodedColumn users, items;
    CodedIds(const Table& table, const CollabColumns& columns)
        : users(table, columns.user), items(table, columns.item) {}
};

TensorDataset encode_ratings(const CollabData& fitted, const CodedIds& ids, const RowValues<float>& ratings,
                             const at::Tensor& rows) {
    return encode_ratings(encode_column(fitted.users, ids.users), encode_column(fitted.items, ids.items), ratings,
                          rows);
}

/// What `n_users` rated.
RatedItems rated_items(const CollabData::EachPairs& each_pairs, int64_t n_users) {
    const auto each_known = [&](const auto& visit) {
        each_pairs([&](const at::Tensor& x) {
            const auto rating = x.accessor<int64_t, 2>();
            for (int64_t i = 0; i < x.size(0); ++i) {
                if (rating[i][0] != 0 && rating[i][1] != 0) visit(static_cast<size_t>(rating[i][0]), rating[i][1]);
            }
        });
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
    set_names(*fitted, columns);
    parallel_for_each(2, [&](int64_t i) {
        (i == 0 ? fitted->users : fitted->items) = fit_ids(i == 0 ? ids.users : ids.items, wanted);
    });
    return fitted;
}

/// Takes over what the encoded training ratings say.
void fit_ratings(CollabData& fitted, const TensorDataset& train) {
    fitted.each_train_pairs = [pairs = train.inputs.front()](const auto& visit) { visit(pairs); };
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
    std::call_once(rated_once_, [&] { rated_ = rated_items(each_train_pairs, users.size()); });
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
    const CollabColumns columns = resolve_columns(table.names(), table.source(), options);
    const RowValues<float> ratings = read_ratings(table, columns.rating);
    const Split split = split_rows(table, options.splitter, loaders);
    const CodedIds ids(table, columns);
    const auto fitted = fit_vocabularies(ids, columns, mark_rows(split.train, table));
    TensorDataset train = encode_ratings(*fitted, ids, ratings, split.train);
    fit_ratings(*fitted, train);

    std::optional<DataLoader> valid;
    if (split.valid.numel() > 0) {
        valid = DataLoader(encode_ratings(*fitted, ids, ratings, split.valid), valid_options(loaders));
    }
    return {DataLoaders(DataLoader(std::move(train), train_options(loaders)), std::move(valid), fitted), fitted};
}

CollabDataLoaders CollabDataLoaders::from_tables(const Table& train, const Table& valid, const CollabOptions& options) {
    const DataLoadersOptions loaders = loader_options(options);
    require_valid(loaders);
    require_no_split(options.splitter, options.valid_pct);
    const CollabColumns columns = resolve_columns(train.names(), train.source(), options);
    const RowValues<float> train_ratings = read_ratings(train, columns.rating);
    const RowValues<float> valid_ratings = read_ratings(valid, columns.rating);
    const CodedIds train_ids(train, columns), valid_ids(valid, columns);
    const std::vector<char> every_row(static_cast<size_t>(train.rows()), 1);
    const auto fitted = fit_vocabularies(train_ids, columns, every_row);
    TensorDataset train_data = encode_ratings(*fitted, train_ids, train_ratings, at::arange(train.rows()));
    fit_ratings(*fitted, train_data);
    TensorDataset valid_data = encode_ratings(*fitted, valid_ids, valid_ratings, at::arange(valid.rows()));
    return {DataLoaders(DataLoader(std::move(train_data), train_options(loaders)),
                        DataLoader(std::move(valid_data), valid_options(loaders)), fitted),
            fitted};
}

}  // namespace embark
