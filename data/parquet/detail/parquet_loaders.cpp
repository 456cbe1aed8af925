#include "parquet_loaders.h"

#include <utility>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "../../../distributed/strategy.h"
#include "../../loaders/detail/loader_options.h"
#include "../../table/detail/encoded_column.h"
#include "table_digest.h"

namespace embark {

namespace {

bool draws_valid(const DataLoadersOptions& options, const std::optional<std::filesystem::path>& valid) {
    if (valid) {
        require_no_split({}, options.valid_pct);
        return false;
    }
    require<UsageError>(options.valid_pct >= 0 && options.valid_pct < 1, "Invalid valid_pct ", options.valid_pct,
                        ": it must be at least 0 and below 1");
    return options.valid_pct > 0;
}

}  // namespace

ParquetSource::ParquetSource(const std::filesystem::path& train, const std::optional<std::filesystem::path>& valid,
                             const DataLoadersOptions& options, const Splitter& splitter, const StreamOptions& stream)
    : options_(options),
      shuffle_buffer_(stream.shuffle_buffer),
      strategy_(stream.strategy ? stream.strategy : Strategy::from_environment()),
      train_(std::make_shared<const ParquetFiles>(train)),
      split_(draws_valid(options, valid)) {
    require<UsageError>(!splitter,
                        "Streamed rows cannot be split by a splitter, which needs all of them at once: give "
                        "the validation rows as files, or their share as valid_pct");
    require<UsageError>(!options.sampler,
                        "A sampler chooses rows by their numbers, and streamed rows come in an order of "
                        "their own: leave it out");
    require<UsageError>(stream.fit_rows >= 1, "Invalid fit_rows ", stream.fit_rows, ": it must be at least 1");
    if (split_) {
        const auto files = train_.shared_files();
        train_ = ParquetPart(files, ParquetPart::Side::train, options.valid_pct, options.seed);
        valid_ = ParquetPart(files, ParquetPart::Side::valid, options.valid_pct, options.seed);
        const int64_t rows = train_.files().rows();
        require(valid_->rows() > 0, "The validation part would be empty: valid_pct ", options.valid_pct,
                " draws none of the ", rows, rows == 1 ? " row" : " rows", " in ", name());
    } else if (valid) {
        valid_ = ParquetPart(std::make_shared<const ParquetFiles>(*valid));
    }
    require(train_rows() > 0, "No row is left for training of the ", train_.files().rows(), " in ", name());
}

void ParquetSource::require_columns(const std::vector<std::string>& columns) const {
    train_.files().require_columns(columns);
    if (valid_) valid_->files().require_columns(columns);
}

std::string ParquetSource::each_group(const std::vector<std::string>& columns,
                                      const std::function<void(const Group&)>& visit) const {
    uint64_t seen = 0;  // sums of row groups, in any order
    const auto each_of = [&](const ParquetPart& part, bool is_train) {
        const int64_t n = part.files().n_groups();
        RowRange own = strategy_->share().part(n);
        const bool is_own = own.size() > 0;
        if (!is_own) own = {0, 1};  // to know the columns' types; twice found is found
        for (int64_t group = own.begin; group < own.end; ++group) {
            const Table table = part.files().read(group, columns);
            const at::Tensor train_rows = is_train ? part.rows(group) : at::empty({0}, at::kLong);
            visit({table, mark_rows(train_rows, table), part.files().first_row(group), is_own});
            if (!is_own) continue;
            Crc32 sum;
            sum.add(concat(is_train ? "training " : "validation ", group));
            add_content(sum, table);
            seen += sum.value();
        }
    };
    each_of(train_, true);
    if (valid_ && !split_) each_of(*valid_, false);
    uint64_t all = 0;
    const at::Tensor own_sum = at::full({1}, static_cast<int64_t>(seen), at::kLong);
    for (const at::Tensor& of_process : strategy_->all_gather(own_sum)) {
        all += static_cast<uint64_t>(of_process.item<int64_t>());
    }
    return concat("checksum ", all);
}

std::shared_ptr<const ParquetRows> ParquetSource::train(const std::vector<std::string>& columns,
                                                        const std::string& content, const Encode& encode) const {
    return std::make_shared<const ParquetRows>(train_, columns, content, encode);
}

DataLoaders ParquetSource::loaders(std::shared_ptr<const ParquetRows> train, const std::vector<std::string>& columns,
                                   const std::string& content, const Encode& encode,
                                   std::shared_ptr<const Preprocessing> preprocessing) const {
    DataLoaderOptions train_loader = train_options(options_), valid_loader = valid_options(options_);
    train_loader.shuffle_buffer = valid_loader.shuffle_buffer = shuffle_buffer_;
    std::optional<DataLoader> valid;
    if (valid_) valid = DataLoader(std::make_shared<const ParquetRows>(*valid_, columns, content, encode), valid_loader);
    return DataLoaders(DataLoader(std::move(train), train_loader), std::move(valid), std::move(preprocessing));
}

}  // namespace embark
