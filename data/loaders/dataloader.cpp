#include "dataloader.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "detail/memory_rows.h"
#include "detail/random_order.h"

namespace embark {

DataLoader::DataLoader(TensorDataset data, DataLoaderOptions options)
    : DataLoader(std::make_shared<const MemoryRows>(data, options.device), options) {}

DataLoader::DataLoader(std::shared_ptr<const RowSource> source, DataLoaderOptions options)
    : source_(std::move(source)), options_(options) {
    require<UsageError>(source_ != nullptr, "A DataLoader needs a source of rows, and was given none");
    require_device(options.device);
    require<UsageError>(options.batch_size >= 1, "Invalid batch size: ", options.batch_size, "; it must be at least 1");
    require<UsageError>(options.shuffle_buffer >= 1, "Invalid shuffle_buffer: ", options.shuffle_buffer,
                        "; it must be at least 1");
    require(rows() > 0, "There are no rows in ", source_->source(), "; a data set needs at least one");
}

int64_t DataLoader::size() const {
    const int64_t full = rows() / options_.batch_size;
    const bool short_one = rows() % options_.batch_size != 0;
    return full + (short_one && (!options_.drop_last || full == 0) ? 1 : 0);
}

DataLoader DataLoader::in_order() const {
    DataLoader other = *this;
    other.options_.shuffle = other.options_.drop_last = false;
    return other;
}

Batch DataLoader::first_rows(int64_t n) const {
    return source_->first_rows(std::min(n, rows()));
}

TensorDataset DataLoader::sample() const {
    return source_->sample(std::min(rows(), options_.shuffle_buffer), derived_seed(options_.seed, 0));
}

std::map<std::string, int64_t> DataLoader::order_settings() const {
    return source_->order_settings(pass_options(0, {}));
}

PassOptions DataLoader::pass_options(int64_t number, Share share) const {
    return {.batch_size = options_.batch_size,
            .seed = options_.shuffle ? std::optional(derived_seed(options_.seed, number)) : std::nullopt,
            .share = share,
            .shuffle_buffer = options_.shuffle_buffer};
}

DataLoader::Epoch DataLoader::epoch(int64_t number, Share share) const {
    Epoch epoch;
    epoch.source_ = source_;
    epoch.pass_ = source_->pass(pass_options(number, share));
    epoch.device_ = options_.device;
    epoch.batch_size_ = options_.batch_size;
    epoch.rows_ = rows();
    epoch.size_ = size();
    return epoch;
}

int64_t DataLoader::Epoch::rows(int64_t i) const {
    return std::min(batch_size_, rows_ - i * batch_size_);
}

Batch DataLoader::Epoch::operator[](int64_t i) const {
    Batch batch = pass_->batch(i);
    const auto move = [&](at::Tensor& tensor) {
        if (tensor.defined() && tensor.device() != device_) tensor = tensor.to(device_);
    };
    for (at::Tensor& input : batch.inputs) move(input);
    for (at::Tensor& target : batch.targets) move(target);
    move(batch.weights);
    return batch;
}

}  // namespace embark
