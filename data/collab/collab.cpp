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
#include "rating_blocks.h"

namespace embark {

namespace {

/// The columns of users and items of one table.
struct CodedIds {
    EncodedColumn users, items;
    CodedIds(const Table& table, const CollabColumns& columns)
        : users(table, columns.user), items(table, columns.item) {}
};

/// The columns of one table, read before anything is encoded, so that what cannot be used is found first.
struct RatingColumns {
    CodedIds ids;
    RowValues<float> ratings;
    std::optional<RowValues<int64_t>> days;
    RatingColumns(const Table& table, const CollabColumns& columns)
        : ids(table, columns), ratings(read_ratings(table, columns.rating)) {
        if (!columns.time.empty()) days = read_days(table, columns.time, columns.time_format);
    }

    /// Users and items alone.
    TensorDataset encode_pairs(const CollabData& fitted, const at::Tensor& rows) const {
        return encode_ratings(encode_column(fitted.users, ids.users), encode_column(fitted.items, ids.items), ratings,
                              rows);
    }
    at::Tensor days_of(const at::Tensor& rows) const { return days->tensor().index_select(0, rows); }

    /// All of x.
    TensorDataset encode(const CollabData& fitted, const at::Tensor& rows) const {
        TensorDataset encoded = encode_pairs(fitted, rows);
        if (days) add_days(fitted.days, days_of(rows), encoded);
        return encoded;
    }

    static void add_days(const CollabDays& numbers, const at::Tensor& of_rows, TensorDataset& encoded) {
        at::Tensor& x = encoded.inputs.front();
        x = at::cat({x, numbers.encode(x.select(1, 0), of_rows)}, 1);
    }
};

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

EncodingCounts count_ids(const CollabData& fitted, const CodedIds& ids, const at::Tensor& rows) {
    EncodingCounts counts;
    counts.add(fitted.user_name, seen_values(ids.users, fitted.users, rows));
    counts.add(fitted.item_name, seen_values(ids.items, fitted.items, rows));
    return counts;
}

/// Adds what a user should know of the training ratings' ids. `rows` are those for which `is_train` is set.
void look_at_training(const CollabData& fitted, const CodedIds& ids, const std::vector<char>& is_train,
                      const at::Tensor& rows, std::vector<Warning>& warnings) {
    const EncodingCounts counts = count_ids(fitted, ids, rows);
    for (const bool of_users : {true, false}) {
        std::vector<std::string> values;
        visit_distinct(of_users ? ids.users : ids.items, is_train,
                       [&](int64_t, std::string_view value) { values.emplace_back(value); });
        add_id_warnings(of_users ? fitted.user_name : fitted.item_name, of_users ? fitted.users : fitted.items, values,
                        counts, warnings);
    }
}

/// Fits what comes after the vocabularies on `rows`, and gives these as batches take them.
TensorDataset fit_ratings(CollabData& fitted, const RatingColumns& columns, const at::Tensor& rows,
                          const CollabOptions& options, std::vector<Warning>& warnings) {
    const auto fit_features = [&](const std::optional<SideTable>& table, const std::string& name, Vocabulary& ids,
                                  SideFeatures& features) {
        if (!table) return;
        const int64_t n_trained = ids.size();
        ids = with_ids_of(*table, name, ids);
        features = fit_side_features(*table, name, ids, n_trained, warnings);
    };
    fit_features(options.user_table, fitted.user_name, fitted.users, fitted.user_features);
    fit_features(options.item_table, fitted.item_name, fitted.items, fitted.item_features);
    TensorDataset train = columns.encode_pairs(fitted, rows);
    if (columns.days) {
        const at::Tensor days = columns.days_of(rows);
        fitted.days = CollabDays(train.inputs.front().select(1, 0), days);
        RatingColumns::add_days(fitted.days, days, train);
    }
    fitted.each_train_pairs = [pairs = train.inputs.front()](const auto& visit) { visit(pairs); };
    const at::Tensor& ratings = train.targets.front();
    fitted.rating_min = ratings.min().item<double>();
    fitted.rating_max = ratings.max().item<double>();
    return train;
}

/// The loader of the training ratings, which with `in_blocks` are kept in that order.
DataLoader train_loader(CollabData& fitted, TensorDataset train, DataLoaderOptions options, bool in_blocks) {
    if (!in_blocks) return DataLoader(std::move(train), std::move(options));
    require<UsageError>(!options.sampler && options.shuffle,
                        "blocks is a random order of its own: it goes without a sampler, and with shuffle");
    RatingBlocks blocks = rating_blocks(train.inputs.front(), options.seed);
    train = train.take(blocks.rows);
    fitted.each_train_pairs = [pairs = train.inputs.front()](const auto& visit) { visit(pairs); };
    options.sampler = std::move(blocks.sampler);
    return DataLoader(std::move(train), std::move(options));
}

/// Lists of `n_rows` rows, `rows` and `entries` (n) side by side, ascending by row and entry; each of a list of k has
/// weight 1/√k.
Bags equal_bags(const at::Tensor& rows, const at::Tensor& entries, int64_t n_rows) {
    const at::Tensor counts = at::bincount(rows, {}, n_rows);
    const at::Tensor weights = counts.to(at::kDouble).rsqrt().to(at::kFloat).index_select(0, rows);
    return {at::cat({at::zeros({1}, at::kLong), counts.cumsum(0)}), entries, weights};
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

at::Tensor CollabData::encode(const std::vector<std::string>& user_ids, const std::vector<std::string>& item_ids,
                              EncodingCounts* counts) const {
    require(user_ids.size() == item_ids.size(), "There must be one item for each user: ", user_ids.size(),
            " users were given and ", item_ids.size(), " items");
    at::Tensor encoded = at::empty({static_cast<int64_t>(user_ids.size()), 2}, at::kLong);
    int64_t* out = encoded.mutable_data_ptr<int64_t>();
    for (size_t i = 0; i < user_ids.size(); ++i) {
        *out++ = users.index(user_ids[i]);
        *out++ = items.index(item_ids[i]);
    }
    if (counts == nullptr) return encoded;
    SeenValues seen_users, seen_items;
    for (const std::string& user : user_ids) seen_users.add(users, user);
    for (const std::string& item : item_ids) seen_items.add(items, item);
    counts->add(user_name, seen_users);
    counts->add(item_name, seen_items);
    return encoded;
}

const RatedItems& CollabData::rated() const {
    std::call_once(rated_once_, [&] { rated_ = rated_items(each_train_pairs, users.size()); });
    return rated_;
}

Bags CollabData::rated_bags() const {
    const auto& [offsets, items_of_users] = rated();
    return equal_bags(at::repeat_interleave(offsets.diff()), items_of_users, users.size());
}

Bags CollabData::rater_bags() const {
    const auto& [offsets, items_of_users] = rated();
    const auto [sorted, order] = items_of_users.sort(/*stable=*/true, 0, /*descending=*/false);
    return equal_bags(sorted, at::repeat_interleave(offsets.diff()).index_select(0, order), items.size());
}

CollabDataLoaders::CollabDataLoaders(DataLoaders loaders, std::shared_ptr<const CollabData> collab, Found found)
    : DataLoaders(std::move(loaders)),
      collab_(std::move(collab)),
      found_(std::make_shared<const Found>(std::move(found))) {}

CollabDataLoaders CollabDataLoaders::resampled(uint64_t seed) const {
    CollabDataLoaders other = *this;
    static_cast<DataLoaders&>(other) = DataLoaders::resampled(seed);
    return other;
}

CollabDataLoaders CollabDataLoaders::with_passes(int64_t passes) const {
    CollabDataLoaders other = *this;
    static_cast<DataLoaders&>(other) = DataLoaders::with_passes(passes);
    return other;
}

CollabDataLoaders CollabDataLoaders::from_table(const Table& table, const CollabOptions& options) {
    const DataLoadersOptions loaders = loader_options(options);
    require_valid(loaders);
    const CollabColumns columns = resolve_columns(table.names(), table.source(), options);
    const RatingColumns read(table, columns);
    const CodedIds& ids = read.ids;
    const Split split = split_rows(table, options.splitter, loaders);
    const std::vector<char> is_train = mark_rows(split.train, table);
    const auto fitted = fit_vocabularies(ids, columns, is_train);
    Found found = {.warnings = {}, .valid = {}, .test_options = valid_options(loaders)};
    look_at_training(*fitted, ids, is_train, split.train, found.warnings);
    TensorDataset train = fit_ratings(*fitted, read, split.train, options, found.warnings);
    found.valid = count_ids(*fitted, ids, split.valid);
    add_validation_warnings(found.valid, found.warnings);

    std::optional<DataLoader> valid;
    if (split.valid.numel() > 0) {
        valid = DataLoader(read.encode(*fitted, split.valid), valid_options(loaders));
    }
    DataLoader train_dl = train_loader(*fitted, std::move(train), train_options(loaders, split.train), options.blocks);
    return {DataLoaders(std::move(train_dl), std::move(valid), fitted), fitted, std::move(found)};
}

CollabDataLoaders CollabDataLoaders::from_tables(const Table& train, const Table& valid, const CollabOptions& options) {
    const DataLoadersOptions loaders = loader_options(options);
    require_valid(loaders);
    require_no_split(options.splitter, options.valid_pct);
    const CollabColumns columns = resolve_columns(train.names(), train.source(), options);
    const RatingColumns read(train, columns), valid_read(valid, columns);
    const CodedIds &train_ids = read.ids, &valid_ids = valid_read.ids;
    const std::vector<char> every_row(static_cast<size_t>(train.rows()), 1);
    const auto fitted = fit_vocabularies(train_ids, columns, every_row);
    const at::Tensor train_rows = at::arange(train.rows()), valid_rows = at::arange(valid.rows());
    Found found = {.warnings = {}, .valid = {}, .test_options = valid_options(loaders)};
    look_at_training(*fitted, train_ids, every_row, train_rows, found.warnings);
    TensorDataset train_data = fit_ratings(*fitted, read, train_rows, options, found.warnings);
    found.valid = count_ids(*fitted, valid_ids, valid_rows);
    add_validation_warnings(found.valid, found.warnings);
    TensorDataset valid_data = valid_read.encode(*fitted, valid_rows);
    DataLoader train_dl = train_loader(*fitted, std::move(train_data), train_options(loaders), options.blocks);
    return {DataLoaders(std::move(train_dl), DataLoader(std::move(valid_data), valid_options(loaders)), fitted), fitted,
            std::move(found)};
}

DataLoader CollabDataLoaders::test_dl(const Table& table, EncodingCounts* counts) const {
    const CollabColumns columns = {collab_->user_name, collab_->item_name, collab_->rating_name, collab_->time_name,
                                   collab_->time_format};
    const RatingColumns read(table, columns);
    const at::Tensor rows = at::arange(table.rows());
    if (counts) {
        for (const auto& [column, seen] : count_ids(*collab_, read.ids, rows).seen) counts->add(column, seen);
    }
    return DataLoader(read.encode(*collab_, rows), found_->test_options);
}

}  // namespace embark
