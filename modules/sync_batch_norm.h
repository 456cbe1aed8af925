#pragma once

#include <functional>
#include <memory>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>

namespace embark {

/// What lets batch norm see the batches of several processes as one.
struct BatchNormSync {
    /// Puts the sum over all processes in the place of each one's numbers, which are on the CPU.
    std::function<void(at::Tensor&)> add_up;
    /// Whether this process's rows count.
    bool counts = true;
};

/// torch::nn::BatchNorm1d, which DataParallelOptions::sync_batch_norm lets take mean and variance over the rows of all
/// processes that train together. Without that, and in eval mode, it is the same, but for a training batch of one row,
/// which has no variance and is refused there: here it is normalised by the running statistics, which stay as they are.
class SyncBatchNorm1dImpl : public torch::nn::BatchNorm1dImpl {
public:
    using torch::nn::BatchNorm1dImpl::BatchNorm1dImpl;

    /// (rows, features) or (rows, features, length), as torch::nn::BatchNorm1d takes it.
    at::Tensor forward(const at::Tensor& input);

    /// From now on as `sync` says; null: for itself.
    void synchronize(std::shared_ptr<const BatchNormSync> sync) { sync_ = std::move(sync); }
    /// Whether synchronize() was given how processes work together.
    bool synchronized() const { return sync_ != nullptr; }

private:
    at::Tensor synchronized_forward(const at::Tensor& input);
    at::Tensor by_running_statistics(const at::Tensor& input) const;

    std::shared_ptr<const BatchNormSync> sync_;
};
TORCH_MODULE(SyncBatchNorm1d);

}  // namespace embark
