#include "gradients.h"

#include <cmath>

#include <torch/torch.h>

#include "../core/error.h"
#include "../core/vector_clones.h"

namespace embark {

namespace {

// Every gradient is read at every step, so these run at the speed of memory: many sums beside one another, since the
// compiler may not change the order of one sum to use vector instructions, and the widest of these chosen at run time.
constexpr int64_t kLanes = 64;

/// A finite number times 0 is 0, any other is not.
EMBARK_VECTOR_CLONES bool all_finite(const float* values, int64_t n) {
    float sums[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        for (int64_t j = 0; j < kLanes; ++j) sums[j] += values[i + j] * 0;
    }
    for (; i < n; ++i) sums[0] += values[i] * 0;
    float sum = 0;
    for (const float part : sums) sum += part;
    return sum == 0;
}

/// Single precision within a block, double over the blocks, so that long sums lose nothing.
EMBARK_VECTOR_CLONES double sum_of_squares(const float* values, int64_t n) {
    constexpr int64_t kBlock = 64 * kLanes;
    double total = 0;
    for (int64_t begin = 0; begin < n; begin += kBlock) {
        const int64_t end = begin + kBlock < n ? begin + kBlock : n;
        float sums[kLanes] = {};
        int64_t i = begin;
        for (; i + kLanes <= end; i += kLanes) {
            for (int64_t j = 0; j < kLanes; ++j) sums[j] += values[i + j] * values[i + j];
        }
        for (; i < end; ++i) sums[0] += values[i] * values[i];
        for (const float part : sums) total += part;
    }
    return total;
}

bool lies_in_one_piece(const at::Tensor& values) {
    return values.is_cpu() && values.scalar_type() == at::kFloat && values.is_non_overlapping_and_dense();
}

bool all_finite(const at::Tensor& values) {
    if (lies_in_one_piece(values)) return all_finite(values.const_data_ptr<float>(), values.numel());
    return values.isfinite().all().item<bool>();
}

}  // namespace

std::vector<at::Tensor> gradients(const Optimizer& optimizer) {
    std::vector<at::Tensor> all;
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            if (!parameter.tensor.grad().defined()) continue;
            require(!parameter.tensor.grad().is_sparse(), "The gradient of '", parameter.name,
                    "' is sparse, as lazy updates of embeddings make it, and callbacks that read gradients take dense "
                    "ones alone");
            all.push_back(parameter.tensor.grad());
        }
    }
    return all;
}

std::optional<double> fast_norm(const std::vector<at::Tensor>& gradients) {
    double total = 0;
    for (const auto& gradient : gradients) {
        if (!lies_in_one_piece(gradient)) return std::nullopt;
        total += sum_of_squares(gradient.const_data_ptr<float>(), gradient.numel());
    }
    return std::isfinite(total) ? std::optional(std::sqrt(total)) : std::nullopt;
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
