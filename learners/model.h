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

/// Any torch::nn module whose forward takes one or more tensors, up to 16 or a vector of them, and returns one or more
/// (a tensor, or a tuple, pair, array or vector of them), as one type: a list of tensors in, a list of tensors out. A
/// shared handle on the module.
class Model {
public:
    /// What a call of the model computes.
    using Forward = std::function<Tensors(const Tensors& inputs)>;

    /// A module that is called in a way of its own. Throws UsageError where one of the two is null.
    Model(std::shared_ptr<torch::nn::Module> module, Forward forward)
        : Model(std::move(module), std::move(forward), /*own_forward=*/false) {}

    /// Throws UsageError for a null module.
    template <class Impl>
    explicit Model(std::shared_ptr<Impl> module)
        : Model(
              module, [module](const Tensors& inputs) { return detail::forward_any(*module, inputs); },
              /*own_forward=*/true) {}

    /// The same of a module in LibTorch's holder.
    template <class Impl>
    explicit Model(const torch::nn::ModuleHolder<Impl>& holder)
        : Model(holder.is_empty() ? std::shared_ptr<Impl>() : holder.ptr()) {}

    /// The outputs for `inputs`, which are the arguments of the module's forward. Throws Error where it takes another
    /// number.
    Tensors operator()(const Tensors& inputs) const { return forward_(inputs); }
    /// The module itself.
    torch::nn::Module& module() const { return *module_; }
    /// The module itself. Not null.
    const std::shared_ptr<torch::nn::Module>& ptr() const { return module_; }
    /// Whether a call is one of the module's own forward.
    bool calls_own_forward() const { return own_forward_; }

private:
    Model(std::shared_ptr<torch::nn::Module> module, Forward forward, bool own_forward)
        : module_(std::move(module)), forward_(std::move(forward)), own_forward_(own_forward) {
        require<UsageError>(module_ && forward_,
                            "A Model needs a module, and the one given is null: make it first, as in ",
                            "std::make_shared<MyModule>()");
    }

    std::shared_ptr<torch::nn::Module> module_;
    Forward forward_;
    bool own_forward_;
};

}  // namespace embark
