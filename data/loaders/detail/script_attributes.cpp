#include "script_attributes.h"

#include <algorithm>

#include <torch/torch.h>

#include "../../../core/error.h"

namespace embark {

void require_free_names(const torch::jit::Module& module, const std::vector<std::string_view>& methods) {
    for (const auto& attribute : module.named_attributes(/*recurse=*/false)) {
        const std::string& name = attribute.name;
        const bool taken =
            std::find(methods.begin(), methods.end(), name) != methods.end() || name.starts_with(kScriptPrefix);
        require(!taken, "The model cannot be exported: it has a tensor or submodule called '", name,
                "', a name that the exported file needs for a method of its own; give it another one");
    }
}

c10::List<std::string> script_names(const Vocabulary& vocabulary) {
    return c10::List<std::string>(vocabulary.names());
}

c10::Dict<std::string, int64_t> script_index(const Vocabulary& vocabulary) {
    c10::Dict<std::string, int64_t> index;
    index.reserve(static_cast<size_t>(vocabulary.size()));
    for (int64_t i = 1; i < vocabulary.size(); ++i) index.insert(vocabulary.name(i), i);
    return index;
}

void register_script_attribute(torch::jit::Module& module, const std::string& name, const c10::TypePtr& type,
                               torch::jit::IValue value) {
    module.register_attribute(kScriptPrefix + name, type, std::move(value));
}

void register_script_tensors(torch::jit::Module& module, const std::string& name,
                             const std::vector<at::Tensor>& tensors) {
    std::vector<c10::TypePtr> types(tensors.size(), c10::TensorType::get());
    std::vector<torch::jit::IValue> values;
    for (const at::Tensor& tensor : tensors) values.emplace_back(tensor.cpu());
    register_script_attribute(module, name, c10::TupleType::create(std::move(types)),
                              c10::ivalue::Tuple::create(std::move(values)));
}

}  // namespace embark
