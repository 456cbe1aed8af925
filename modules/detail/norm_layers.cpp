#include "norm_layers.h"

#include <torch/torch.h>

namespace embark {

namespace {

template <class... Layers>
bool is_any(const torch::nn::Module& module) {
    return ((dynamic_cast<const Layers*>(&module) != nullptr) || ...);
}

}  // namespace

bool is_batch_norm(const torch::nn::Module& module) {
    using namespace torch::nn;
    return is_any<BatchNorm1dImpl, BatchNorm2dImpl, BatchNorm3dImpl>(module);
}

bool is_norm(const torch::nn::Module& module) {
    using namespace torch::nn;
    return is_batch_norm(module) ||
           is_any<InstanceNorm1dImpl, InstanceNorm2dImpl, InstanceNorm3dImpl, LayerNormImpl, GroupNormImpl>(module);
}

}  // namespace embark
