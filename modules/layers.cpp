#include "layers.h"

#include <cmath>

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

at::Tensor sigmoid_range(const at::Tensor& x, const Range& range) {
    return torch::sigmoid(x) * (range.high - range.low) + range.low;
}

void trunc_normal_(const at::Tensor& weight, double std) {
    torch::NoGradGuard no_grad;
    weight.normal_().fmod_(2).mul_(std);
}

void check_y_range(const Range& range) {
    if (range.empty()) return;
    const bool finite = std::isfinite(range.low) && std::isfinite(range.high);
    require<UsageError>(finite && range.low < range.high, "Invalid y_range (", range.low, ", ", range.high,
                        "): it needs a lower end below its upper end, both finite");
}

}  // namespace embark
