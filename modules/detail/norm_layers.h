#pragma once

namespace torch::nn {
class Module;
}

namespace embark {

/// Whether `module` is a norm layer of LibTorch's (batch, instance, layer or group norm), or derives from one; and a
/// batch norm layer.
bool is_norm(const torch::nn::Module& module);
bool is_batch_norm(const torch::nn::Module& module);

}  // namespace embark
