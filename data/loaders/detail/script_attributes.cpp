#include "script_attributes.h"

#include <ATen/ATen.h>

namespace embark {

c10::List<std::string> script_names(const Vocabulary& vocabulary) {
    return c10::List<std::string>(vocabulary.names());
}

c10::Dict<std::string, int64_t> script_index(const Vocabulary& vocabulary) {
    c10::Dict<std::string, int64_t> index;
    index.reserve(static_cast<size_t>(vocabulary.size()));
    for (int64_t i = 1; i < vocabulary.size(); ++i) index.insert(vocabulary.name(i), i);
    return index;
}

c10::IValue script_tensors(const std::vector<at::Tensor>& tensors) {
    std::vector<c10::IValue> values;
    for (const at::Tensor& tensor : tensors) values.emplace_back(tensor.cpu());
    return c10::ivalue::Tuple::create(std::move(values));
}

}  // namespace embark
