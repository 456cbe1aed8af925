#include "dataloader.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "detail/gather.h"
#include "detail/map_tensors.h"
#include "detail/random_order.h"
#include "detail/streamed_pass.h"
#include "streamed_rows.h"

namespace embark {

namespace {

void require_tensor_rows(const Tensors& tensors, const char* kind, int64_t rows) {
    for (size_t i = 0; i < tensors.size(); ++i) {
        const auto& tensor = tensors[i];
        require(tensor.defined() && tensor.dim() > 0, kind, " ", i, " of a data set ",
                tensor.defined() ? "has no dimensions" : "is undefined", "; its first dimension must be the rows");
        require(tensor.size(0) == rows, kind, " ", i, " of a data set has ", tensor.size(0), " rows, but input 0 has ",
                rows);
    }
}

Tensors settle(const Tensors& tensors, at::Device device) {
    Tensors settled;
    settled.reserve(tensors.size());
    for (const auto& tensor : tensors) settled.push_back(tensor.detach().to(device).contiguous());
    return settled;
}

at::Tensor settle_weights(const at::Tensor& weights, int64_t rows, at::Device device) {
    require(weights.dim() == 1 && weights.size(0) == rows, "The weights of a data set have shape ", weights.sizes(),
            "; it needs one number for each of its ", rows, " rows");
    const auto settled = weights.detach().to(device, weights.is_floating_point() ? weights.scalar_type() : at::kFloat);
    require(settled.isfinite().all().item<bool>() && settled.min().item<double>() >= 0,
            "The weights of a data set must be finite numbers of at least 0");
    return settled.contiguous();
}

std::shared_ptr<const TensorDataset> checked(const TensorDataset& data, at::Device device) {
    require(!data.inputs.empty(), "A data set needs at least one input");
    const auto& first = data.inputs.front();
    const int64_t rows = first.defined() && first.dim() > 0 ? first.size(0) : 0;
    require_tensor_rows(data.inputs, "Input", rows);
    require_tensor_rows(data.targets, "Target", rows);
    require(rows > 0, "A data set needs at least one row");
    TensorDataset settled{.inputs = settle(data.inputs, device), .targets = settle(data.targets, device)};
    if (data.weights.defined()) settled.weights = settle_weights(data.weights, rows, device);
    return std::make_shared<const TensorDataset>(std::move(settled));
}

/// Which of a pass's rows are those of a batch, as a process has them.
RowRange batch_rows(int64_t rows, int64_t batch_size, int64_t i) {
    return {i * batch_size, std::min(rows, (i + 1) * batch_size)};
}

void check_options(const DataLoaderOptions& options) {
    require_device(options.device);
    require<UsageError>(options.batch_size >= 1, "Invalid batch size: ", options.batch_size, "; it must be at least 1");
    require<UsageError>(options.shuffle_buffer >= 1, "Invalid shuffle_buffer: ", options.shuffle_buffer,
                        "; it must be at least 1");
}

}  // namespace

DataLoader::DataLoader(TensorDataset data, DataLoaderOptions options) : options_(options) {
    check_options(options);
    data_ = checked(data, options.device);
    rows_ = data_->size();
}

DataLoader::DataLoader(std::shared_ptr<const StreamedRows> rows, DataLoaderOptions options)
    : stream_(std::move(rows)), options_(options) {
    check_options(options);
    const auto& pieces = stream_->piece_rows();
    rows_ = std::accumulate(pieces.begin(), pieces.end(), int64_t{0});
    require(rows_ > 0, "There are no rows in ", stream_->source(), "; a data set needs at least one");
}

int64_t DataLoader::rows() const {
    return rows_;
}

int64_t DataLoader::size() const {
    const int64_t full = rows() / options_.batch_size;
    const bool short_one = rows() % options_.batch_size != 0;
    return full + (short_one && (!options_.drop_last || full == 0) ? 1 : 0);
}

const TensorDataset& DataLoader::data() const {
    if (is_streamed()) fail("The rows of ", stream_->source(), " are streamed and never in memory all at once");
    return *data_;
}

bool DataLoader::is_weighted() const {
    return !is_streamed() && data_->weights.defined();
}

DataLoader DataLoader::in_order() const {
    DataLoader other = *this;
    other.options_.shuffle = other.options_.drop_last = false;
    return other;
}

Batch DataLoader::first_rows(int64_t n) const {
    const int64_t some = std::min(n, rows()), read = std::max<int64_t>(some, 1);
    const at::Tensor wanted = at::arange(some);
    if (!is_streamed()) return data_->take(wanted);
    return StreamedPass(stream_, {0, read}, /*buffer_rows=*/1, std::nullopt).rows(0, read).take(wanted);
}

TensorDataset DataLoader::sample() const {
    if (!is_streamed()) return *data_;
    const int64_t some = std::min(rows(), options_.shuffle_buffer);
    return StreamedPass(stream_, {0, rows()}, some, derived_seed(options_.seed, 0)).rows(0, some);
}

DataLoader::Epoch DataLoader::epoch(int64_t number, Share share) const {
    Epoch epoch;
    epoch.data_ = data_;
    epoch.batch_size_ = options_.batch_size;
    epoch.rows_ = rows();
    epoch.size_ = size();
    epoch.device_ = options_.device;
    const uint64_t seed = derived_seed(options_.seed, number);
    if (is_streamed()) {
        epoch.share_ = share;
        RowRange range = share.range_of_pass(rows(), options_.batch_size);
        if (range.size() == 0) range = {0, 1};  // for want of a row that does not count
        epoch.stream_ = std::make_shared<StreamedPass>(stream_, range, options_.shuffle_buffer,
                                                       options_.shuffle ? std::optional(seed) : std::nullopt);
    } else if (options_.shuffle) {
        epoch.permutation_ = permutation(rows(), seed).to(options_.device);
    }
    return epoch;
}

int64_t DataLoader::Epoch::rows(int64_t i) const {
    return batch_rows(rows_, batch_size_, i).size();
}

Batch DataLoader::Epoch::operator[](int64_t i) const {
    if (stream_) return streamed(i);
    const auto [begin, end] = batch_rows(rows_, batch_size_, i);
    if (permutation_.defined()) return gather(*data_, permutation_, begin, end - begin);
    return map_tensors(*data_, [&](const at::Tensor& tensor) { return tensor.narrow(0, begin, end - begin); });
}

Batch DataLoader::Epoch::streamed(int64_t i) const {
    const int64_t before = share_.rows_before(i, rows_, batch_size_);
    const int64_t own = share_.rows_before(i + 1, rows_, batch_size_) - before;
    const Batch batch = own == 0 ? stream_->any_row() : stream_->rows(before, own);
    return map_tensors(batch, [&](const at::Tensor& tensor) { return tensor.to(device_); });
}

}  // namespace embark
