#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <torch/enum.h>

#include "../../core/error.h"
#include "../../core/tensors.h"

namespace torch::nn {
template <typename Contained>
class ModuleHolder;
}

namespace embark {

namespace detail {
template <class Impl>
void take_holder(const torch::nn::ModuleHolder<Impl>& holder);
}

template <class T>
concept IsModuleHolder = requires(const T& holder) { detail::take_holder(holder); };

/// A std::function of anything but a module: already to ask whether a ModuleHolder can be called with other arguments
/// than its module's is an error of the compiler.
template <class Function>
struct PlainFunction {
    /// Takes what a Function can be made of.
    template <class Callable>
        requires(!IsModuleHolder<std::remove_cvref_t<Callable>> && std::constructible_from<Function, Callable>)
    PlainFunction(Callable&& callable)  // NOLINT(google-explicit-constructor)
        : function(std::forward<Callable>(callable)) {}

    Function function;  ///< the callable
};

/// A torch::nn loss module without its type, for Loss.
struct LossModule {
    /// The module's forward.
    using Call = std::function<at::Tensor(const at::Tensor& output, const at::Tensor& target)>;

    /// Throws UsageError for a null module, and for one whose reduction is not the mean.
    template <class Impl>
    explicit LossModule(const std::shared_ptr<Impl>& module);

    Call mean;  ///< its mean over the batch
    /// Every value that the mean is of; empty where the module cannot give them.
    Call values;
    /// Where it takes classes: how much each counts, undefined where all count the same.
    at::Tensor class_weights = {};
    std::optional<int64_t> ignore_index = {};  ///< the class that is left out; empty: none
    /// The module as it prints itself.
    std::string text;
};

template <class Impl>
LossModule::LossModule(const std::shared_ptr<Impl>& module) {
    static_assert(
        requires(const at::Tensor& tensor) { at::Tensor(module->forward(tensor, tensor)); },
        "A loss module needs a forward that takes an output and a target and gives a tensor; give another one as "
        "Loss(name, function)");
    require<UsageError>(module != nullptr, "A Loss needs a module, and the one given is null");
    mean = [module](const at::Tensor& output, const at::Tensor& target) { return module->forward(output, target); };
    std::ostringstream stream;
    module->pretty_print(stream);
    text = stream.str();
    if constexpr (requires { module->options.reduction(torch::enumtype::kNone()); }) {
        // KLDivLoss alone has a fourth reduction, batchmean: a mean over rows, too.
        const auto [is_mean, is_sum_or_none] = std::visit(
            [](auto reduction) {
                using Kind = decltype(reduction);
                return std::pair(
                    std::is_same_v<Kind, torch::enumtype::kMean>,
                    std::is_same_v<Kind, torch::enumtype::kSum> || std::is_same_v<Kind, torch::enumtype::kNone>);
            },
            module->options.reduction());
        require<UsageError>(!is_sum_or_none, "The reduction of ", text,
                            " must be the mean, torch::kMean: batches are put together by their means");
        if (is_mean) {
            auto each = std::make_shared<Impl>(*module);
            each->options.reduction(torch::enumtype::kNone());
            values = [each](const at::Tensor& output, const at::Tensor& target) {
                return each->forward(output, target);
            };
        }
    }
    if constexpr (requires { module->options.ignore_index(); }) {
        ignore_index = module->options.ignore_index();
        class_weights = module->options.weight();
    }
}

}  // namespace embark
