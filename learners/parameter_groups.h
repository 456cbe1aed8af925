#pragma once

#include <vector>

#include "../optim/optimizer.h"

namespace torch::nn {
class Module;
}

namespace embark {

/// All parameters of `module` as one group, under their full names. Those of norm layers and every parameter named
/// `bias` are marked as not to decay unless `wd_bn_bias` (fastai's norm_bias_params); embeddings, biases among them,
/// decay.
std::vector<ParameterGroup> parameter_groups(const torch::nn::Module& module, bool wd_bn_bias);

}  // namespace embark
