#include "dataloaders.h"

#include <algorithm>
#include <iostream>
#include <limits>
#include <utility>

#include <ATen/ATen.h>

#include <arrow/api.h>

#include "../core/error.h"
#include "loader_options.h"
#include "map_tensors.h"
#include "table_impl.h"

namespace embark {

Preprocessing::~Preprocessing() = default;

struct DataLoaders::Impl {
    DataLoader train;
    std::optional<DataLoader> valid;
    std::shared_ptr<const Preprocessing> preprocessing;
};

namespace {

int64_t resolved_valid_batch_size(const DataLoadersOptions& options) {
    if (options.valid_batch_size != 0) return options.valid_batch_size;
    const bool overflows = options.batch_size > std::numeric_limits<int64_t>::max() / 10;
    return overflows ? options.batch_size : 10 * options.batch_size;
}

/// Adds the values of `tensor` to `table`: a column each where a row has a few, else its first ones.
Table with_values(Table table, const std::string& name, const at::Tensor& tensor) {
    constexpr int64_t kMostColumns = 8;
    const at::Tensor flat = tensor.dim() == 1 ? tensor.unsqueeze(1) : tensor.flatten(1);
    if (flat.size(1) == 1) return table.with_column(name, flat.select(1, 0));
    for (int64_t i = 0; i < std::min(flat.size(1), kMostColumns); ++i) {
        table = table.with_column(concat(name, "[", i, "]"), flat.select(1, i));
    }
    return table;
}

/// Tensors that nothing is known about: columns input_0, input_1[0], …, target_0.
Table plain_table(const Batch& batch) {
    const auto rows = arrow::Table::Make(arrow::schema({}), std::vector<std::shared_ptr<arrow::Array>>{}, batch.size());
    Table table(rows);
    for (size_t i = 0; i < batch.inputs.size(); ++i) {
        table = with_values(std::move(table), concat("input_", i), batch.inputs[i]);
    }
    for (size_t i = 0; i < batch.targets.size(); ++i) {
        table = with_values(std::move(table), concat("target_", i), batch.targets[i]);
    }
    return table;
}

}  // namespace

void require_valid(const DataLoadersOptions& options) {
    require<UsageError>(options.batch_size >= 1, "Invalid batch size: ", options.batch_size, "; it must be at least 1");
    require<UsageError>(options.valid_batch_size >= 0, "Invalid valid_batch_size: ", options.valid_batch_size,
                        "; it must be at least 1, or 0 for ten times the batch size");
}

DataLoader train_loader(TensorDataset data, const DataLoadersOptions& options) {
    return DataLoader(std::move(data), {.batch_size = options.batch_size,
                                        .shuffle = options.shuffle,
                                        .drop_last = options.drop_last,
                                        .seed = options.seed,
                                        .device = options.device});
}

DataLoader valid_loader(TensorDataset data, const DataLoadersOptions& options) {
    return DataLoader(std::move(data), {.batch_size = resolved_valid_batch_size(options), .device = options.device});
}

DataLoaders::DataLoaders(DataLoader train, std::optional<DataLoader> valid,
                         std::shared_ptr<const Preprocessing> preprocessing)
    : impl_(std::make_shared<const Impl>(Impl{std::move(train), std::move(valid), std::move(preprocessing)})) {}

DataLoaders DataLoaders::from_tensors(TensorDataset data, DataLoadersOptions options) {
    require_valid(options);
    // Checks the tensors before they are split.
    const TensorDataset checked = DataLoader(std::move(data), {.batch_size = options.batch_size}).data();
    const Split split = random_split(checked.size(), options.valid_pct, options.seed);
    return from_tensors(checked.take(split.train), checked.take(split.valid), options);
}

DataLoaders DataLoaders::from_tensors(TensorDataset train, TensorDataset valid, DataLoadersOptions options) {
    require_valid(options);
    return DataLoaders(train_loader(std::move(train), options), valid_loader(std::move(valid), options));
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

Table DataLoaders::decode(const Batch& batch, const at::Tensor& predictions) const {
    const Batch local = map_tensors(batch, [](const at::Tensor& tensor) { return tensor.cpu(); });
    Table table = preprocessing() ? preprocessing()->decode(local) : plain_table(local);
    return predictions.defined() ? with_values(std::move(table), "prediction", predictions.cpu()) : table;
}

Table DataLoaders::decoded_batch(int64_t n) const {
    require<UsageError>(n >= 0, "There are no first ", n, " rows; the number of rows must not be negative");
    const Batch batch = one_batch();
    return decode(batch.take(at::arange(std::min(n, batch.size()))));
}

void DataLoaders::show_batch(int64_t n) const {
    show_batch(std::cout, n);
}

void DataLoaders::show_batch(std::ostream& out, int64_t n) const {
    out << decoded_batch(n).view(n, /*described=*/false) << std::flush;
}

}  // namespace embark
