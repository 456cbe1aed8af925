#pragma once

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

#include "error.h"
#include "tensors.h"

namespace embark {

namespace detail {

/// A tuple, a pair or an array.
template <class T>
concept TupleLike = requires {
    std::tuple_size<T>::value;
};

template <class T>
struct IsOutput : std::is_convertible<T, at::Tensor> {};
template <>
struct IsOutput<Tensors> : std::true_type {};
template <TupleLike T>
struct IsOutput<T> {
    static constexpr bool value = []<size_t... I>(std::index_sequence<I...>) {
        return (IsOutput<std::tuple_element_t<I, T>>::value && ...);
    }
    (std::make_index_sequence<std::tuple_size_v<T>>{});
};

template <class Output>
void append_outputs(Tensors& outputs, Output output) {
    if constexpr (std::is_same_v<Output, Tensors>) {
        for (auto& tensor : output) outputs.push_back(std::move(tensor));
    } else if constexpr (TupleLike<Output>) {
        std::apply([&](auto&... part) { (append_outputs(outputs, std::move(part)), ...); }, output);
    } else {
        outputs.push_back(std::move(output));
    }
}

/// Appends what `forward` gives.
template <class Forward>
void append_outputs_of(Tensors& outputs, const Forward& forward) {
    constexpr bool known = IsOutput<std::invoke_result_t<Forward>>::value;
    static_assert(known,
                  "The module's forward must return a tensor, or a std::vector, tuple, pair or array of tensors");
    if constexpr (known) append_outputs(outputs, forward());
}

/// Stands for no type that a forward means to take.
struct NoArgument {};

/// Whether `forward` can be called with these.
template <class Module, class... Arguments>
concept ForwardTakes = requires(Module& module, const Arguments&... arguments) {
    module.forward(arguments...);
};

/// Whether `forward` takes anything, as Sequential's template does.
template <class Module>
concept ForwardTakesAnything = ForwardTakes<Module, NoArgument>;

/// Whether `forward` means to take a list of tensors.
template <class Module>
concept ForwardTakesList = ForwardTakes<Module, Tensors> && !ForwardTakesAnything<Module>;

template <size_t>
using TensorArgument = at::Tensor;

template <class Module, size_t... I>
constexpr bool forward_takes(std::index_sequence<I...>) {
    return ForwardTakes<Module, TensorArgument<I>...>;
}

/// With how many tensors a forward is tried; a template that takes anything would be compiled for each number.
template <class Module>
constexpr size_t kMostTensors = ForwardTakesAnything<Module> ? 8 : 16;

template <class Module, size_t... N>
constexpr bool takes_tensors(std::index_sequence<N...>) {
    return (forward_takes<Module>(std::make_index_sequence<N + 1>{}) || ...);
}

template <class Module, size_t... I>
bool try_forward(Module& module, const Tensors& inputs, Tensors& outputs, std::index_sequence<I...>) {
    if constexpr (ForwardTakes<Module, TensorArgument<I>...>) {
        if (inputs.size() != sizeof...(I)) return false;
        append_outputs_of(outputs, [&] { return module.forward(inputs[I]...); });
        return true;
    } else {
        return false;
    }
}

/// Calls `module.forward` with as many arguments as there are inputs. Overloads, default arguments and a forward that
/// takes a list of tensors are found by trying what compiles, so it works for any module without a signature to name.
template <class Module>
Tensors forward_any(Module& module, const Tensors& inputs) {
    using Numbers = std::make_index_sequence<kMostTensors<Module>>;
    Tensors outputs;
    if constexpr (ForwardTakesList<Module>) {
        append_outputs_of(outputs, [&] { return module.forward(inputs); });
    } else if constexpr (takes_tensors<Module>(Numbers{})) {
        const bool called = [&]<size_t... N>(std::index_sequence<N...>) {
            return (try_forward(module, inputs, outputs, std::make_index_sequence<N + 1>{}) || ...);
        }
        (Numbers{});
        require(called, "The model's forward cannot be called with ", inputs.size(),
                " tensors, which is what a batch has; give the data as many inputs as forward has arguments");
    } else {
        static_assert(takes_tensors<Module>(Numbers{}),
                      "The module needs a public forward that takes 1 to 16 tensors, each as `const torch::Tensor&` or "
                      "`torch::Tensor` (not as `torch::Tensor&`), or one `const std::vector<torch::Tensor>&`");
    }
    return outputs;
}

}  // namespace detail

}  // namespace embark
