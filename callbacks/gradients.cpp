#include "gradients.h"

#include <algorithm>
#include <cmath>

#include <torch/types.h>

#include "../core/detail/vector_clones.h"
#include "../core/error.h"

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

/// Where squares are too large for single precision, and for other norms.
double slow_norm(const std::vector<PlainGradient>& gradients, double p) {
    double largest = 0, total = 0;
    for (const auto& gradient : gradients) {
        for (const float value : gradient.values) {
            const double size = std::fabs(value);
            if (std::isnan(size)) return size;
            largest = std::max(largest, size);
            if (std::isfinite(p)) total += std::pow(size, p);
        }
    }
    return std::isfinite(p) ? std::pow(total, 1 / p) : largest;
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

std::optional<std::vector<PlainGradient>> plain_gradients(const TrainingState& state) {
    std::vector<PlainGradient> plain;
    for (const auto& gradient : state.step.row_gradients) plain.push_back({gradient.values, gradient.parameter});
    if (!plain.empty()) return plain;
    for (const auto& group : state.optimizer->groups()) {
        for (const auto& parameter : group.parameters) {
            const at::Tensor& gradient = parameter.tensor.grad();
            if (!gradient.defined()) continue;
            if (gradient.is_sparse() || !lies_in_one_piece(gradient)) return std::nullopt;
            plain.push_back(
                {{gradient.mutable_data_ptr<float>(), static_cast<size_t>(gradient.numel())}, parameter.tensor});
        }
    }
    return plain;
}

double norm_of(const std::vector<PlainGradient>& gradients, double p) {
    if (p != 2) return slow_norm(gradients, p);
    double total = 0;
    for (const auto& gradient : gradients) {
        total += sum_of_squares(gradient.values.data(), std::ssize(gradient.values));
    }
    return std::isfinite(total) ? std::sqrt(total) : slow_norm(gradients, p);
}

const Parameter* find_parameter(const Optimizer& optimizer, const at::Tensor& tensor) {
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            if (parameter.tensor.is_same(tensor)) return &parameter;
        }
    }
    return nullptr;
}

const Parameter* find_non_finite_gradient(const TrainingState& state) {
    if (const auto plain = plain_gradients(state)) {
        for (const auto& gradient : *plain) {
            const bool finite = all_finite(gradient.values.data(), std::ssize(gradient.values));
            if (!finite) return find_parameter(*state.optimizer, gradient.parameter);
        }
        return nullptr;
    }
    const auto all = gradients(*state.optimizer);
    // On a GPU one figure for all gradients spares waiting for each of them.
    if (!all.empty() && !all.front().is_cpu() && at::stack(at::_foreach_norm(all)).isfinite().all().item<bool>())
        return nullptr;
    for (const auto& group : state.optimizer->groups()) {
        for (const auto& parameter : group.parameters) {
            const at::Tensor& gradient = parameter.tensor.grad();
            if (gradient.defined() && !gradient.isfinite().all().item<bool>()) return &parameter;
        }
    }
    return nullptr;
}

}  // namespace embark
