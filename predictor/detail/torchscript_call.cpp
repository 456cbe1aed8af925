#include "torchscript_call.h"

#include <string_view>
#include <utility>

#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "../../core/detail/classic_locale.h"
#include "../../core/error.h"

namespace embark {

torch::jit::IValue call_method(const torch::jit::Module& module, const std::string& method,
                               std::vector<torch::jit::IValue> arguments) {
    // Grad mode belongs to the thread, and a new thread has it on.
    const torch::NoGradGuard no_grad;
    // Numbers that a method makes texts of are categories, such as years.
    const ClassicLocale plain_numbers;
    return module.get_method(method)(std::move(arguments));
}

Tensors as_tensors(const torch::jit::IValue& result) {
    if (result.isTensor()) return {result.toTensor()};
    if (result.isTensorList()) return result.toTensorVector();
    require(result.isTuple(), "The file's forward gives a ", result.tagKind(), " where tensors were expected");
    Tensors tensors;
    for (const auto& element : result.toTupleRef().elements()) {
        require(element.isTensor(), "The file's forward gives a ", element.tagKind(), " where tensors were expected");
        tensors.push_back(element.toTensor());
    }
    return tensors;
}

std::string torch_message(const std::exception& exception) {
    if (dynamic_cast<const nlohmann::json::exception*>(&exception) != nullptr) {
        return "its description is not one that Embark writes";
    }
    const auto* torch_error = dynamic_cast<const c10::Error*>(&exception);
    std::string_view text = torch_error ? torch_error->what_without_backtrace() : exception.what();
    // TorchScript's interpreter puts its stack first and what happened last, behind the name of the exception.
    constexpr std::string_view kRuntimeError = "RuntimeError: ";
    if (const size_t at = text.rfind(kRuntimeError); at != std::string_view::npos) {
        text.remove_prefix(at + kRuntimeError.size());
    }
    // What a method says by `assert` is a sentence of its own.
    constexpr std::string_view kAssertionError = "AssertionError: ";
    if (text.starts_with(kAssertionError)) text.remove_prefix(kAssertionError.size());
    text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
    return std::string(text.substr(0, text.find('\n')));
}

}  // namespace embark
