#include "sync_batch_norm.h"

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

namespace {

/// The sum over all processes. As everyone's loss depends on it, so do the gradients add up.
class SumOverProcesses : public torch::autograd::Function<SumOverProcesses> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& values,
                              const BatchNormSync* sync) {
        context->saved_data["sync"] = reinterpret_cast<int64_t>(sync);
        return add_up(values, *sync);
    }
    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        const auto* sync = reinterpret_cast<const BatchNormSync*>(context->saved_data["sync"].toInt());
        return {add_up(gradients.front(), *sync), at::Tensor()};
    }

private:
    static at::Tensor add_up(const at::Tensor& values, const BatchNormSync& sync) {
        auto sum = values.detach().to(at::kCPU, values.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
        sync.add_up(sum);
        return sum.to(values.device());
    }
};

}  // namespace

at::Tensor SyncBatchNorm1dImpl::forward(const at::Tensor& input) {
    if (is_training() && sync_) return synchronized_forward(input);
    const bool one_value = input.dim() >= 2 && input.numel() == input.size(1);
    if (is_training() && one_value && options.track_running_stats()) return by_running_statistics(input);
    return torch::nn::BatchNorm1dImpl::forward(input);
}

at::Tensor SyncBatchNorm1dImpl::by_running_statistics(const at::Tensor& input) const {
    return at::batch_norm(input, this->weight, bias, running_mean, running_var, /*training=*/false, /*momentum=*/0,
                          options.eps(), /*cudnn_enabled=*/true);
}

at::Tensor SyncBatchNorm1dImpl::synchronized_forward(const at::Tensor& input) {
    _check_input_dim(input);
    const std::vector<int64_t> rows = input.dim() == 3 ? std::vector<int64_t>{0, 2} : std::vector<int64_t>{0};
    std::vector<int64_t> shape(static_cast<size_t>(input.dim()), 1);
    shape[1] = input.size(1);
    const double counts = sync_->counts ? 1 : 0;
    const auto sum = [&](const at::Tensor& values) {
        return SumOverProcesses::apply((values * counts).sum(rows), sync_.get()).view(shape);
    };
    auto count = at::full({1}, counts * static_cast<double>(input.numel() / input.size(1)), at::kDouble);
    sync_->add_up(count);
    const auto n = count.item<double>();
    if (n <= 1 && options.track_running_stats()) return by_running_statistics(input);
    require(n > 1, "Batch norm needs more than 1 value of each feature in training, over all processes");
    const auto mean = sum(input) / n;
    const auto centred = input - mean;
    const auto variance = sum(centred * centred) / n;
    auto output = centred * torch::rsqrt(variance + options.eps());
    if (options.affine()) output = output * this->weight.view(shape) + bias.view(shape);
    if (options.track_running_stats()) {
        torch::NoGradGuard no_grad;
        num_batches_tracked += 1;
        const double momentum = options.momentum().value_or(1 / num_batches_tracked.to(at::kDouble).item<double>());
        running_mean.mul_(1 - momentum).add_(mean.detach().reshape(-1), momentum);
        running_var.mul_(1 - momentum).add_(variance.detach().reshape(-1), momentum * n / (n - 1));
    }
    return output;
}

}  // namespace embark
