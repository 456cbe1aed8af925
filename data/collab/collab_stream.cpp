#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../loaders/detail/loader_options.h"
#include "../parquet/detail/parquet_loaders.h"
#include "../tabular/detail/gather_tables.h"
#include "detail/collab_ratings.h"
#include "detail/id_codes.h"

namespace embark {

namespace {

/// The ids of one column, of the training and of the validation rows.
struct ColumnIds {
    std::string column;
    DistinctIds train = {}, valid = {};

    void add(const ParquetSource::Group& group) {
        train.add(group.table, column, group.is_train, group.is_own);
        std::vector<char> is_valid(group.is_train.size());
        std::transform(group.is_train.begin(), group.is_train.end(), is_valid.begin(), std::logical_not<>());
        valid.add(group.table, column, is_valid, group.is_own);
    }
};

/// What `own` and that of the other processes are together, examples apart.
SeenValues sum_over_processes(const SeenValues& own, Strategy& strategy) {
    SeenValues all = own;
    for (int64_t* n : {&all.values, &all.unknown, &all.missing}) {
        *n = std::llround(strategy.all_reduce(static_cast<double>(*n), Reduce::sum));
    }
    return all;
}

/// The vocabulary of the training ids and those of the other processes; adds what is to be known of them, and counts
/// the validation ids into `valid`.
Vocabulary fit_id_vocabulary(const ColumnIds& ids, Strategy& strategy, std::vector<Warning>& warnings,
                          EncodingCounts& valid) {
    const auto all = gather_tables(strategy, Table::from_text({{"id", ids.train.texts()}})).text("id");
    const Vocabulary vocabulary = Vocabulary::fit_ids(all);
    EncodingCounts train;
    train.add(ids.column, sum_over_processes(ids.train.seen(vocabulary), strategy));
    add_id_warnings(ids.column, vocabulary, all, train, warnings);
    valid.add(ids.column, sum_over_processes(ids.valid.seen(vocabulary), strategy));
    return vocabulary;
}

/// What is fitted on the training ratings, and what was found of their ids.
struct StreamFit {
    std::shared_ptr<CollabData> data;
    std::string content;
    std::vector<Warning> warnings;
    EncodingCounts valid;
};

/// Looks at every rating, so that one that cannot be used is found before any was trained on.
StreamFit fit(const ParquetSource& source, const CollabColumns& columns) {
    ColumnIds users{columns.user}, items{columns.item};
    double low = std::numeric_limits<double>::infinity(), high = -low;
    StreamFit fitted = {.data = std::make_shared<CollabData>(), .content = {}, .warnings = {}, .valid = {}};
    fitted.content = source.each_group(columns.names(), [&](const ParquetSource::Group& group) {
        users.add(group);
        items.add(group);
        read_ratings(group.table, columns.rating).with([&](auto rating_of) {
            for (int64_t row = 0; row < group.table.rows(); ++row) {
                if (!group.is_train[static_cast<size_t>(row)]) continue;
                low = std::min<double>(low, rating_of(row));
                high = std::max<double>(high, rating_of(row));
            }
        });
    });
    set_names(*fitted.data, columns);
    fitted.data->users = fit_id_vocabulary(users, source.strategy(), fitted.warnings, fitted.valid);
    fitted.data->items = fit_id_vocabulary(items, source.strategy(), fitted.warnings, fitted.valid);
    add_validation_warnings(fitted.valid, fitted.warnings);
    fitted.data->rating_min = source.strategy().all_reduce(low, Reduce::min);
    fitted.data->rating_max = source.strategy().all_reduce(high, Reduce::max);
    return fitted;
}

/// Throws Error where training rows, whose users and items are `x`, have an id that the first pass did not find.
void require_known(const Table& table, const CollabColumns& columns, const std::array<Vocabulary, 2>& vocabularies,
                   const at::Tensor& rows, const at::Tensor& x) {
    for (int64_t i = 0; i < 2; ++i) {
        const at::Tensor unknown = rows.index_select(0, x.select(1, i).eq(0).nonzero().flatten());
        if (unknown.numel() == 0) continue;
        const std::string& column = i == 0 ? columns.user : columns.item;
        const Table taken = table.take(unknown);
        const std::vector<std::string> ids = taken.text(column);
        const Vocabulary& vocabulary = vocabularies[static_cast<size_t>(i)];
        const auto id =
            std::find_if(ids.begin(), ids.end(), [&](const std::string& text) { return !vocabulary.is_missing(text); });
        if (id == ids.end()) continue;  // they are missing
        fail(taken.where(id - ids.begin(), column), ": '", *id,
             "' was not there when the files were read first; they have changed since, or differ between processes");
    }
}

}  // namespace

CollabDataLoaders CollabDataLoaders::stream(const std::filesystem::path& train,
                                            const std::optional<std::filesystem::path>& valid,
                                            const CollabOptions& options, const StreamOptions& stream) {
    const DataLoadersOptions loaders = loader_options(options);
    require_valid(loaders);
    require<UsageError>(options.time_name.empty() && !options.user_table && !options.item_table,
                        "Streamed ratings go without times and without tables of users and items: read them with "
                        "from_table");
    require<UsageError>(!options.blocks, "Streamed ratings come in an order of their own: blocks are for from_table");
    const ParquetSource source(train, valid, loaders, options.splitter, stream);
    const CollabColumns columns = resolve_columns(source.names(), source.name(), options);
    source.require_columns(columns.names());
    auto [fitted, content, warnings, valid_counts] = fit(source, columns);
    const ParquetSource::Encode encode = [columns, users = std::make_shared<const IdEncoder>(fitted->users),
                                          items = std::make_shared<const IdEncoder>(fitted->items)](
                                             const Table& table, const at::Tensor& rows) {
        return encode_ratings(users->encode(table, columns.user), items->encode(table, columns.item),
                              read_ratings(table, columns.rating), rows);
    };
    const auto train_ratings = source.train(
        columns.names(), content,
        [columns, encode, ids = std::array{fitted->users, fitted->items}](const Table& table, const at::Tensor& rows) {
            TensorDataset ratings = encode(table, rows);
            require_known(table, columns, ids, rows, ratings.inputs.front());
            return ratings;
        });
    fitted->each_train_pairs = [train_ratings](const auto& visit) {
        const auto n = static_cast<int64_t>(train_ratings->piece_rows().size());
        for (int64_t piece = 0; piece < n; ++piece) visit(train_ratings->read(piece).inputs.front());
    };
    return {source.loaders(train_ratings, columns.names(), content, encode, fitted), fitted,
            Found{std::move(warnings), std::move(valid_counts), valid_options(loaders)}};
}

CollabDataLoaders CollabDataLoaders::from_parquet(const std::filesystem::path& path, const CollabOptions& options,
                                                  const StreamOptions& stream_options) {
    return stream(path, std::nullopt, options, stream_options);
}

CollabDataLoaders CollabDataLoaders::from_parquet(const std::filesystem::path& train,
                                                  const std::filesystem::path& valid, const CollabOptions& options,
                                                  const StreamOptions& stream_options) {
    return stream(train, valid, options, stream_options);
}

}  // namespace embark
