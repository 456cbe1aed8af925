#include "dataloaders.h"

#include <algorithm>
#include <iostream>
#include <limits>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "../../core/error.h"
#include "../../core/file.h"
#include "../../core/text.h"
#include "../images/contact_sheet.h"
#include "../table/detail/table_impl.h"
#include "detail/dataset_rows.h"
#include "detail/loader_options.h"
#include "detail/map_tensors.h"
#include "detail/value_columns.h"

namespace embark {

struct DataLoaders::Impl {
    DataLoader train;
    std::optional<DataLoader> valid;
    std::shared_ptr<const Preprocessing> preprocessing;
};

namespace {

/// Throws where a splitter of the user's own gave something else than row indices.
void require_rows(const at::Tensor& rows, const char* part, int64_t n_rows) {
    require(rows.defined() && rows.dim() == 1 && rows.scalar_type() == at::kLong, "The splitter's ", part,
            " rows must be a 1-d int64 tensor");
    if (rows.numel() == 0) return;
    require(rows.min().item<int64_t>() >= 0 && rows.max().item<int64_t>() < n_rows, "The splitter's ", part,
            " rows must be among the ", n_rows, " rows of the table, counted from 0");
}

int64_t resolved_valid_batch_size(const DataLoadersOptions& options) {
    if (options.valid_batch_size != 0) return options.valid_batch_size;
    const bool overflows = options.batch_size > std::numeric_limits<int64_t>::max() / 10;
    return overflows ? options.batch_size : 10 * options.batch_size;
}

/// `sampler` for rows that were taken from those it was made for: `numbers` says which.
Sampler sampler_of_taken(const Sampler& sampler, const at::Tensor& numbers) {
    if (!sampler || !numbers.defined()) return sampler;
    return [=](const SamplerPass& pass) {
        SamplerPass taken = pass;
        taken.numbers = pass.numbers.defined() ? numbers.index_select(0, pass.numbers) : numbers;
        return sampler(taken);
    };
}

DataLoadersOptions common_options(const DatasetOptions& options) {
    DataLoadersOptions common = loader_options(options);
    common.batch_transforms = options.batch_transforms;
    return common;
}

std::shared_ptr<const DatasetRows> rows_of(AnyDataset data, const char* name, const DatasetOptions& options,
                                           int64_t rows_per_epoch) {
    return std::make_shared<const DatasetRows>(std::move(data), name,
                                               SampleSettings{.transforms = options.transforms,
                                                              .collate = options.collate,
                                                              .workers = options.workers,
                                                              .prefetch = options.prefetch,
                                                              .rows_per_epoch = rows_per_epoch});
}

std::shared_ptr<const Preprocessing> preprocessing_of(const AnyDataset& data) {
    return data.indexed() ? data.indexed()->preprocessing() : nullptr;
}

/// Throws Error where the validation data mean something else by the same numbers.
void require_same(const Preprocessing& train, const Preprocessing& valid) {
    const auto classes = [](const Preprocessing& data) { return join(data.target_classes(0)); };
    require(classes(train) == classes(valid), "The training data set has the classes ", classes(train),
            ", the validation data set ", classes(valid), "; give it those of training");
    require(train.fitted() == valid.fitted(), "The validation data set is read otherwise than that for training: ",
            valid.fitted(), " and ", train.fitted());
}

Batch first_of(const Batch& batch, int64_t n) {
    require<UsageError>(n >= 0, "There are no first ", n, " rows; the number of rows must not be negative");
    return batch.take(at::arange(std::min(n, batch.size()), batch.inputs.front().device()));
}

/// Tensors that nothing is known about: columns input_0, input_1[0], …, target_0.
Table plain_table(const Batch& batch) {
    Table table = Table::of_rows(batch.size());
    for (size_t i = 0; i < batch.inputs.size(); ++i) {
        table = with_value_columns(std::move(table), concat("input_", i), batch.inputs[i]);
    }
    for (size_t i = 0; i < batch.targets.size(); ++i) {
        table = with_value_columns(std::move(table), concat("target_", i), batch.targets[i]);
    }
    return table;
}

}  // namespace

Split split_rows(const Table& table, const Splitter& splitter, const DataLoadersOptions& options) {
    const Split split = (splitter ? splitter : random_splitter(options.valid_pct, options.seed))(table);
    require_rows(split.train, "training", table.rows());
    require_rows(split.valid, "validation", table.rows());
    require(split.train.numel() > 0, "No row is left for training of the ", table.rows(), " in ",
            display_name(table.source()));
    return split;
}

void require_no_split(const Splitter& splitter, double valid_pct) {
    require<UsageError>(!splitter, "The validation rows are given, so nothing is split: leave out the splitter");
    require<UsageError>(valid_pct == DataLoadersOptions().valid_pct,
                        "The validation rows are given, so nothing is split: leave out valid_pct ", valid_pct);
}

void require_valid(const DataLoadersOptions& options) {
    require<UsageError>(options.batch_size >= 1, "Invalid batch size: ", options.batch_size, "; it must be at least 1");
    require<UsageError>(options.valid_batch_size >= 0, "Invalid valid_batch_size: ", options.valid_batch_size,
                        "; it must be at least 1, or 0 for ten times the batch size");
}

DataLoaderOptions train_options(const DataLoadersOptions& options, const at::Tensor& taken) {
    return {.batch_size = options.batch_size,
            .shuffle = options.shuffle,
            .drop_last = options.drop_last,
            .seed = options.seed,
            .device = options.device,
            .sampler = sampler_of_taken(options.sampler, taken),
            .batch_transforms = options.batch_transforms,
            .augment = true};
}

DataLoaderOptions valid_options(const DataLoadersOptions& options) {
    return {.batch_size = resolved_valid_batch_size(options),
            .device = options.device,
            .batch_transforms = options.batch_transforms};
}

DataLoaders::DataLoaders(DataLoader train, std::optional<DataLoader> valid,
                         std::shared_ptr<const Preprocessing> preprocessing)
    : impl_(std::make_shared<const Impl>(Impl{std::move(train), std::move(valid), std::move(preprocessing)})) {}

DataLoaders DataLoaders::resampled(uint64_t seed) const {
    const int64_t n = train().rows();
    const at::Tensor rows = at::randint(n, {n}, at::detail::createCPUGenerator(seed), at::kLong);
    DataLoaderOptions options = train().options();
    options.sampler = sampler_of_taken(options.sampler, rows);
    return DataLoaders(DataLoader(train().source()->taken(rows), options), impl_->valid, preprocessing());
}

DataLoaders DataLoaders::with_passes(int64_t passes) const {
    return DataLoaders(train().with_passes(passes), impl_->valid, preprocessing());
}

DataLoaders DataLoaders::from_tensors(TensorDataset data, DataLoadersOptions options) {
    require_valid(options);
    // Checks the tensors before they are split.
    const TensorDataset checked = DataLoader(std::move(data), {.batch_size = options.batch_size}).data();
    const Split split = random_split(checked.size(), std::exchange(options.valid_pct, DataLoadersOptions().valid_pct),
                                     options.seed);
    options.sampler = sampler_of_taken(options.sampler, split.train);
    return from_tensors(checked.take(split.train), checked.take(split.valid), options);
}

DataLoaders DataLoaders::from_tensors(TensorDataset train, TensorDataset valid, DataLoadersOptions options) {
    require_valid(options);
    require_no_split({}, options.valid_pct);
    return DataLoaders(DataLoader(std::move(train), train_options(options)),
                       DataLoader(std::move(valid), valid_options(options)));
}

DataLoaders DataLoaders::from_dataset(AnyDataset data, const DatasetOptions& options) {
    const DataLoadersOptions common = common_options(options);
    require_valid(common);
    require<UsageError>(data.iterable() == nullptr,
                        "Samples without numbers cannot be split at random: give a data set for validation beside that "
                        "for training");
    const auto preprocessing = preprocessing_of(data);
    const auto rows = rows_of(std::move(data), "the data set", options, options.rows_per_epoch);
    const Split split = random_split(rows->rows(), common.valid_pct, common.seed);
    return DataLoaders(DataLoader(rows->taken(split.train), train_options(common, split.train)),
                       DataLoader(rows->taken(split.valid), valid_options(common)), preprocessing);
}

DataLoaders DataLoaders::from_dataset(AnyDataset train, AnyDataset valid, const DatasetOptions& options) {
    const DataLoadersOptions common = common_options(options);
    require_valid(common);
    require_no_split({}, common.valid_pct);
    const auto preprocessing = preprocessing_of(train), of_valid = preprocessing_of(valid);
    if (preprocessing && of_valid) require_same(*preprocessing, *of_valid);
    return DataLoaders(
        DataLoader(rows_of(std::move(train), "the training data set", options, options.rows_per_epoch),
                   train_options(common)),
        DataLoader(rows_of(std::move(valid), "the validation data set", options, options.valid_rows_per_epoch),
                   valid_options(common)),
        preprocessing);
}

const DataLoader& DataLoaders::train() const {
    return impl_->train;
}

const DataLoader& DataLoaders::valid() const {
    require(has_valid(), "There is no validation part; give the DataLoaders one");
    return *impl_->valid;
}

bool DataLoaders::has_valid() const {
    return impl_->valid.has_value();
}

const std::shared_ptr<const Preprocessing>& DataLoaders::preprocessing() const {
    return impl_->preprocessing;
}

std::map<std::string, Vocabulary> DataLoaders::classes() const {
    return preprocessing() ? preprocessing()->classes() : std::map<std::string, Vocabulary>{};
}

std::vector<std::string> DataLoaders::target_classes(size_t target) const {
    return preprocessing() ? preprocessing()->target_classes(target) : std::vector<std::string>{};
}

Table DataLoaders::decode(const Batch& batch, const Tensors& predictions) const {
    const Batch local = map_tensors(batch, [](const at::Tensor& tensor) { return tensor.cpu(); });
    Table table = preprocessing() ? preprocessing()->decode(local) : plain_table(local);
    if (predictions.empty()) return table;
    const Tensors shown = map_tensors(predictions, [](const at::Tensor& tensor) { return tensor.cpu(); });
    return preprocessing() ? preprocessing()->with_predictions(std::move(table), shown)
                           : with_value_columns(std::move(table), "prediction", shown.front());
}

Table DataLoaders::decoded_batch(int64_t n) const {
    return decode(first_of(one_batch(), n));
}

void DataLoaders::show_batch(int64_t n) const {
    show_batch(std::cout, n);
}

void DataLoaders::show_batch(const std::filesystem::path& page, int64_t n) const {
    require_writable_path(page);
    contact_sheet(*this, first_of(one_batch(), n)).save(page);
}

void DataLoaders::show_batch(std::ostream& out, int64_t n) const {
    out << decoded_batch(n).view(n, /*described=*/false) << std::flush;
}

}  // namespace embark
