#pragma once

#include <tuple>
#include <utility>

#include "error.h"
#include "tensors.h"

namespace embark {

namespace detail {

inline void append_outputs(Tensors& outputs, at::Tensor tensor) {
    outputs.push_back(std::move(tensor));
}
inline void append_outputs(Tensors& outputs, Tensors tensors) {
    for (auto& tensor : tensors) outputs.push_back(std::move(tensor));
}
template <class... Parts>
void append_outputs(Tensors& outputs, std::tuple<Parts...> parts) {
    std::apply([&](auto&... part) { (append_outputs(outputs, std::move(part)), ...); }, parts);
}

/// Stands for no type that a forward means to take.
struct NoArgument {};

/// Whether `forward` can be called with these.
template <class Module, class... Arguments>
concept ForwardTakes = requires(Module& module, const Arguments&... arguments) {
    module.forward(arguments...);
};

/// Whether `forward` means to take a list of tensors: not where it takes anything, as Sequential's does.
template <class Module>
concept ForwardTakesList = ForwardTakes<Module, Tensors> && !ForwardTakes<Module, NoArgument>;

template <size_t>
using TensorArgument = at::Tensor;

template <class Module, size_t... I>
bool try_forward(Module& module, const Tensors& inputs, Tensors& outputs, std::index_sequence<I...>) {
    if constexpr (ForwardTakes<Module, TensorArgument<I>...>) {
        if (inputs.size() != sizeof...(I)) return false;
        append_outputs(outputs, module.forward(inputs[I]...));
        return true;
    } else {
        return false;
    }
}

/// Calls `module.forward` with as many arguments as there are inputs. Overloads, default arguments and a forward that
/// takes a list of tensors are found by trying what compiles, so it works for any module without a signature to name.
template <class Module>
Tensors forward_any(Module& module, const Tensors& inputs) {
    Tensors outputs;
    if constexpr (ForwardTakesList<Module>) {
        append_outputs(outputs, module.forward(inputs));
        return outputs;
    } else {
        const bool called = [&]<size_t... N>(std::index_sequence<N...>) {
            return (try_forward(module, inputs, outputs, std::make_index_sequence<N + 1>{}) || ...);
        }
        (std::make_index_sequence<8>{});
        require(called, "The model's forward cannot be called with ", inputs.size(),
                " tensors, which is what a batch has; give the data as many inputs as forward has arguments");
        return outputs;
    }
}

}  // namespace detail

}  // namespace embark
