#include "memory_rows.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

#define XXH_INLINE_ALL  // as Arrow's own headers do
#include <ATen/ATen.h>
#include <arrow/vendored/xxhash.h>

#include "../../../core/device.h"
#include "../../../core/error.h"
#include "gather.h"
#include "map_tensors.h"
#include "random_order.h"

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

at::Tensor settle_weights(const at::Tensor& weights, int64_t rows, at::Device device) {
    require(weights.dim() == 1 && weights.size(0) == rows, "The weights of a data set have shape ", weights.sizes(),
            "; it needs one number for each of its ", rows, " rows");
    const auto settled = weights.detach().to(device, weights.is_floating_point() ? weights.scalar_type() : at::kFloat);
    require(settled.isfinite().all().item<bool>() && settled.min().item<double>() >= 0,
            "The weights of a data set must be finite numbers of at least 0");
    return settled.contiguous();
}

class MemoryPass : public RowPass {
public:
    /// In the order of `rows`, or their own where that is undefined.
    MemoryPass(const TensorDataset& data, int64_t batch_size, at::Tensor rows)
        : data_(data), batch_size_(batch_size), rows_(std::move(rows)) {}

    Batch batch(int64_t i) override {
        const int64_t begin = i * batch_size_, rows = rows_.defined() ? rows_.numel() : data_.size();
        const int64_t n = std::min(batch_size_, rows - begin);
        if (rows_.defined()) return gather(data_, rows_, begin, n);
        return map_tensors(data_, [&](const at::Tensor& tensor) { return tensor.narrow(0, begin, n); });
    }

private:
    const TensorDataset& data_;
    int64_t batch_size_;
    at::Tensor rows_;
};

}  // namespace

MemoryRows::MemoryRows(const TensorDataset& data, at::Device device) {
    require_device(device);
    require(!data.inputs.empty(), "A data set needs at least one input");
    const auto& first = data.inputs.front();
    const int64_t rows = first.defined() && first.dim() > 0 ? first.size(0) : 0;
    require_tensor_rows(data.inputs, "Input", rows);
    require_tensor_rows(data.targets, "Target", rows);
    require(rows > 0, "A data set needs at least one row");
    const auto settle = [&](const at::Tensor& tensor) { return tensor.detach().to(device).contiguous(); };
    data_ = {.inputs = map_tensors(data.inputs, settle), .targets = map_tensors(data.targets, settle)};
    if (data.weights.defined()) data_.weights = settle_weights(data.weights, rows, device);
}

std::unique_ptr<RowPass> MemoryRows::pass(const PassOptions& options) const {
    at::Tensor order = options.order;
    if (!order.defined() && options.seed) order = permutation(rows(), *options.seed);
    if (order.defined()) order = order.to(data_.inputs.front().device());
    return std::make_unique<MemoryPass>(data_, options.batch_size, order);
}

Batch MemoryRows::first_rows(int64_t n, uint64_t) const {
    return data_.take(at::arange(n));
}

std::map<std::string, std::string> MemoryRows::facts() const {
    Tensors tensors = data_.inputs;
    tensors.insert(tensors.end(), data_.targets.begin(), data_.targets.end());
    if (is_weighted()) tensors.push_back(data_.weights);
    uint64_t sum = 0;  // not of CRC-32, which would take some tenths of a second for millions of rows
    for (const at::Tensor& tensor : tensors) {
        const at::Tensor values = tensor.to(at::kCPU).contiguous();
        sum = XXH3_64bits_withSeed(values.const_data_ptr(), values.nbytes(), sum);
    }
    std::array<char, 17> digits;
    std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(sum));
    return {{"content", concat("checksum ", digits.data())}};
}

}  // namespace embark
