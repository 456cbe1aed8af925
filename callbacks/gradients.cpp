#include "gradients.h"

#include <array>

#include <torch/torch.h>

namespace embark {

namespace {

/// A finite number times 0 is 0, any other is not. Many sums beside one another, since the compiler may not change the
/// order of one sum to use vector instructions: it then runs at the speed of memory.
template <class Float>
bool all_finite(const Float* values, int64_t n) {
    std::array<Float, 32> sums{};
    constexpr auto kWidth = static_cast<int64_t>(sums.size());
    int64_t i = 0;
    for (; i + kWidth <= n; i += kWidth) {
        for (int64_t j = 0; j < kWidth; ++j) sums[j] += values[i + j] * 0;
    }
    for (; i < n; ++i) sums[0] += values[i] * 0;
    Float sum = 0;
    for (const Float part : sums) sum += part;
    return sum == 0;
}

bool all_finite(const at::Tensor& values) {
    if (values.is_cpu() && values.is_non_overlapping_and_dense()) {
        if (values.scalar_type() == at::kFloat) return all_finite(values.const_data_ptr<float>(), values.numel());
        if (values.scalar_type() == at::kDouble) return all_finite(values.const_data_ptr<double>(), values.numel());
    }
    return values.isfinite().all().item<bool>();
}

}  // namespace

std::vector<at::Tensor> gradients(const Optimizer& optimizer) {
    std::vector<at::Tensor> all;
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            if (parameter.tensor.grad().defined()) all.push_back(parameter.tensor.grad());
        }
    }
    return all;
}

const Parameter* find_non_finite_gradient(const Optimizer& optimizer) {
    const auto all = gradients(optimizer);
    // On a GPU one figure for all gradients spares waiting for each of them.
    if (!all.empty() && !all.front().is_cpu() && at::stack(at::_foreach_norm(all)).isfinite().all().item<bool>()) {
        return nullptr;
    }
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            if (parameter.tensor.grad().defined() && !all_finite(parameter.tensor.grad())) return &parameter;
        }
    }
    return nullptr;
}

}  // namespace embark
