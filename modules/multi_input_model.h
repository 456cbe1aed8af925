#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/pimpl.h>

#include "../core/forward_any.h"
#include "../core/range.h"

namespace embark {

/// One part of a MultiInputModel: a module that makes a row of numbers of one or more of the batch's inputs.
struct Branch {
    /// A module under a name, called with the batch's inputs of these numbers, counted from 0, as its forward's
    /// arguments. `branch_width` is how many numbers a row its answer has; 0: as many as its width() says.
    template <class Impl>
    Branch(std::string branch_name, const torch::nn::ModuleHolder<Impl>& branch_module,
           std::vector<int64_t> branch_inputs, int64_t branch_width = 0)
        : Branch(std::move(branch_name), branch_module.ptr(), std::move(branch_inputs), branch_width) {}
    /// The same of a module in a shared pointer.
    template <class Impl>
    Branch(std::string branch_name, std::shared_ptr<Impl> branch_module, std::vector<int64_t> branch_inputs,
           int64_t branch_width = 0)
        : name(std::move(branch_name)),
          module(branch_module),
          inputs(std::move(branch_inputs)),
          width(branch_width),
          forward([](torch::nn::Module& called, const Tensors& arguments) {
              return detail::forward_any(dynamic_cast<Impl&>(called), arguments);
          }) {
        if constexpr (requires { branch_module->width(); }) {
            if (width == 0) width = branch_module->width();
        }
    }

    std::string name;                           ///< under which the model registers `module`
    std::shared_ptr<torch::nn::Module> module;  ///< what makes the row of numbers; not null
    std::vector<int64_t> inputs;                ///< which inputs of the batch are its arguments, from 0
    int64_t width = 0;                          ///< numbers in the row
    /// Calls the forward of a module of the same class as `module`.
    std::function<Tensors(torch::nn::Module&, const Tensors&)> forward;
};

/// The layers after the branches of a MultiInputModel.
struct MultiInputModelOptions {
    /// Numbers a row that the model gives.
    int64_t n_out = 1;
    /// Widths of the fully connected layers before the last.
    std::vector<int64_t> layers = {128};
    /// Dropout after each of them.
    double ps = 0;
    /// The outputs are brought into this range by sigmoid_range; empty: left as they are.
    Range y_range = {};
};

/// A model of several kinds of input, trained end to end: each branch makes a row of numbers of its inputs, and the
/// rows, one after the other, go through fully connected layers as a TabularModel's: each a Linear without bias, ReLU,
/// batch norm and dropout, and a last Linear. Gives (n, n_out).
///
///     MultiInputModel model({{"text", TextEncoder(TextEncoderOptions{.n_tokens = vocabulary.size()}), {0}},
///                       {"image", ImageEncoder(), {1}},
///                       {"table", TabularModel(TabularModelOptions{…, .outputs = {{.size = 32}}}), {2, 3}, 32}},
///                      {.n_out = n_classes});
///
/// Submodules are the branches under their names, and `head`; so parameter groups can be named {{"text", "image"},
/// {"table", "head"}}.
class MultiInputModelImpl : public torch::nn::Cloneable<MultiInputModelImpl> {
public:
    /// Throws UsageError without branches, for names that are empty, taken twice, with a point or `head`, for branches
    /// without inputs or of unknown width, and for options that can never be right.
    explicit MultiInputModelImpl(std::vector<Branch> branches, const MultiInputModelOptions& options = {});
    /// Copies the branches' modules and makes the head anew; a clone's first step.
    void reset() override;
    /// Takes the batch's inputs. Throws Error where a branch asks for one that is not there, or answers with anything
    /// but (n, width).
    at::Tensor forward(const Tensors& inputs);

    std::vector<Branch> branches;         ///< in the order of their rows
    MultiInputModelOptions options;       ///< what it was made with
    torch::nn::Sequential head{nullptr};  ///< the layers after the branches

private:
    void register_branches();
};

/// A handle on a MultiInputModelImpl; written out, so that branches and options can be given in braces.
class MultiInputModel : public torch::nn::ModuleHolder<MultiInputModelImpl> {
public:
    using torch::nn::ModuleHolder<MultiInputModelImpl>::ModuleHolder;
    /// The module's class, as torch::nn::ModuleHolder has it.
    using Impl = MultiInputModelImpl;
    /// Makes the module of these branches.
    explicit MultiInputModel(std::vector<Branch> branches, const MultiInputModelOptions& options = {})
        : ModuleHolder(std::make_shared<MultiInputModelImpl>(std::move(branches), options)) {}
};
/// Deprecated name of MultiInputModel.
using FusedModel [[deprecated("MultiInputModel since 0.2")]] = MultiInputModel;
/// Deprecated name of MultiInputModelOptions.
using FusedModelOptions [[deprecated("MultiInputModelOptions since 0.2")]] = MultiInputModelOptions;

}  // namespace embark
