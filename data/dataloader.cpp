#include "dataloader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "../core/error.h"
#include "map_tensors.h"

namespace embark {

namespace {

/// splitmix64's output function (Steele, Lea and Flood 2014): spreads every bit of the input over the whole word.
uint64_t mix(uint64_t word) {
    word += 0x9E3779B97F4A7C15u;
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
    return word ^ (word >> 31);
}

at::Tensor permutation(int64_t rows, uint64_t seed, int64_t epoch, at::Device device) {
    const uint64_t mixed = mix(mix(seed) + static_cast<uint64_t>(epoch));
    return at::randperm(rows, at::detail::createCPUGenerator(mixed), at::kLong).to(device);
}

void require_rows(const Tensors& tensors, const char* kind, int64_t rows) {
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
    require_rows(data.inputs, "Input", rows);
    require_rows(data.targets, "Target", rows);
    require(rows > 0, "A data set needs at least one row");
    TensorDataset settled{.inputs = settle(data.inputs, device), .targets = settle(data.targets, device)};
    if (data.weights.defined()) settled.weights = settle_weights(data.weights, rows, device);
    return std::make_shared<const TensorDataset>(std::move(settled));
}

/// Copies rows of `kBytes` each, or of `bytes` where that is 0: a copy whose size is known needs no call.
template <size_t kBytes>
void copy_rows(const char* from, const int64_t* rows, int64_t n, char* to, size_t bytes = kBytes) {
    for (int64_t i = 0; i < n; ++i) {
        std::memcpy(to + static_cast<size_t>(i) * bytes, from + static_cast<size_t>(rows[i]) * bytes,
                    kBytes > 0 ? kBytes : bytes);
    }
}

/// `n` rows of `tensor` (contiguous, on the CPU), as index_select, which takes several times as long for a batch of
/// short rows.
at::Tensor gather(const at::Tensor& tensor, const int64_t* rows, int64_t n) {
    auto shape = tensor.sizes().vec();
    shape.front() = n;
    at::Tensor gathered = at::empty(shape, tensor.options());
    const auto bytes = tensor.nbytes() / static_cast<size_t>(tensor.size(0));
    const auto* from = static_cast<const char*>(tensor.const_data_ptr());
    auto* to = static_cast<char*>(gathered.mutable_data_ptr());
    switch (bytes) {
        case 4:
            copy_rows<4>(from, rows, n, to);
            break;
        case 8:
            copy_rows<8>(from, rows, n, to);
            break;
        case 16:
            copy_rows<16>(from, rows, n, to);
            break;
        default:
            copy_rows<0>(from, rows, n, to, bytes);
    }
    return gathered;
}

/// Beyond so many bytes of a batch index_select is worth its threads.
constexpr size_t kSmallBatch = 1 << 18;

}  // namespace

DataLoader::DataLoader(TensorDataset data, DataLoaderOptions options) : options_(options) {
    require<UsageError>(options.batch_size >= 1, "Invalid batch size: ", options.batch_size, "; it must be at least 1");
    data_ = checked(data, options.device);
}

int64_t DataLoader::rows() const {
    return data_->size();
}

int64_t DataLoader::size() const {
    const int64_t full = rows() / options_.batch_size;
    const bool short_one = rows() % options_.batch_size != 0;
    return full + (short_one && (!options_.drop_last || full == 0) ? 1 : 0);
}

DataLoader::Epoch DataLoader::epoch(int64_t number) const {
    Epoch epoch;
    epoch.data_ = data_;
    if (options_.shuffle) epoch.permutation_ = permutation(rows(), options_.seed, number, options_.device);
    epoch.batch_size_ = options_.batch_size;
    epoch.rows_ = rows();
    epoch.size_ = size();
    return epoch;
}

Batch DataLoader::Epoch::operator[](int64_t i) const {
    const int64_t start = i * batch_size_;
    const int64_t length = std::min(batch_size_, rows_ - start);
    return map_tensors(*data_, [&](const at::Tensor& tensor) {
        if (!permutation_.defined()) return tensor.narrow(0, start, length);
        const bool small = tensor.nbytes() / static_cast<size_t>(rows_) * static_cast<size_t>(length) <= kSmallBatch;
        if (small && tensor.is_cpu()) return gather(tensor, permutation_.const_data_ptr<int64_t>() + start, length);
        return tensor.index_select(0, permutation_.narrow(0, start, length));
    });
}

}  // namespace embark
