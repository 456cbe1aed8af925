#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "../core/forward_any.h"
#include "../core/tensors.h"

namespace torch::nn {
class Module;
template <typename Contained>
class ModuleHolder;
}  // namespace torch::nn

namespace embark {

/// Any torch::nn module whose forward takes one or more tensors and returns one or more (a tensor, a tuple, a vector),
/// as one type: a list of tensors in, a list of tensors out. A shared handle on the module.
class Model {
public:
    using Forward = std::function<Tensors(const Tensors& inputs)>;

    Model(std::shared_ptr<torch::nn::Module> module, Forward forward)
        : module_(std::move(module)), forward_(std::move(forward)) {}

    template <class Impl>
    explicit Model(std::shared_ptr<Impl> module)
        : module_(module), forward_([module](const Tensors& inputs) { return detail::forward_any(*module, inputs); }) {}

    template <class Impl>
    explicit Model(const torch::nn::ModuleHolder<Impl>& holder) : Model(holder.ptr()) {}

    Tensors operator()(const Tensors& inputs) const { return forward_(inputs); }
    torch::nn::Module& module() const { return *module_; }
    const std::shared_ptr<torch::nn::Module>& ptr() const { return module_; }

private:
    std::shared_ptr<torch::nn::Module> module_;
    Forward forward_;
};

}  // namespace embark
