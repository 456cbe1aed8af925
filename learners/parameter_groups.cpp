#include "parameter_groups.h"

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

namespace {

template <class... Layers>
bool is_any(const torch::nn::Module& module) {
    return ((dynamic_cast<const Layers*>(&module) != nullptr) || ...);
}

bool is_norm(const torch::nn::Module& module) {
    using namespace torch::nn;
    return is_any<BatchNorm1dImpl, BatchNorm2dImpl, BatchNorm3dImpl, InstanceNorm1dImpl, InstanceNorm2dImpl,
                  InstanceNorm3dImpl, LayerNormImpl, GroupNormImpl>(module);
}

void append(const torch::nn::Module& module, const std::string& prefix, bool wd_bn_bias, ParameterGroup& group) {
    for (const auto& item : module.named_parameters(/*recurse=*/false)) {
        const bool decay = wd_bn_bias || (!is_norm(module) && item.key() != "bias");
        group.parameters.push_back({prefix + item.key(), item.value(), decay});
    }
    for (const auto& child : module.named_children()) {
        append(*child.value(), prefix + child.key() + ".", wd_bn_bias, group);
    }
}

}  // namespace

std::vector<ParameterGroup> parameter_groups(const torch::nn::Module& module, bool wd_bn_bias) {
    ParameterGroup group;
    append(module, "", wd_bn_bias, group);
    require(!group.parameters.empty(), "The model ", module.name(), " has no parameters to train");
    return {group};
}

}  // namespace embark
