#include "state_dict.h"

#include <set>

#include <torch/types.h>

#include "error.h"
#include "text.h"

namespace embark {

void StateDict::set_number(const std::string& name, double value) {
    content_.tensors[name] = torch::scalar_tensor(value, at::kDouble);
}

void StateDict::set_integer(const std::string& name, int64_t value) {
    content_.tensors[name] = torch::scalar_tensor(value, at::kLong);
}

void StateDict::set(const std::string& name, const std::vector<double>& values) {
    content_.metadata.erase(name);
    content_.tensors[name] = torch::tensor(values, at::kDouble);
}

void StateDict::set(const std::string& name, const at::Tensor& tensor) {
    require(tensor.defined(), "A tensor that is not defined cannot be saved as '", name, "'");
    content_.metadata.erase(name);
    content_.tensors[name] = tensor.detach().clone();
}

void StateDict::set(const std::string& name, const std::string& text) {
    content_.tensors.erase(name);
    content_.metadata.erase(name);
    if (is_utf8(text)) {
        content_.metadata[name] = text;
        return;
    }
    // Metadata can hold no such bytes.
    at::Tensor& bytes = content_.tensors[name] = torch::empty({std::ssize(text)}, at::kByte);
    text.copy(static_cast<char*>(bytes.mutable_data_ptr()), text.size());
}

void StateDict::set(const std::string& name, const StateDict& part) {
    for (const auto& [key, tensor] : part.content_.tensors) content_.tensors[name + "." + key] = tensor;
    for (const auto& [key, text] : part.content_.metadata) content_.metadata[name + "." + key] = text;
}

at::Tensor StateDict::tensor(const std::string& name, int64_t dimensions, at::ScalarType type, const char* what) const {
    const auto found = content_.tensors.find(name);
    require(found != content_.tensors.end(), "the saved state has no '", name, "'");
    require(found->second.dim() == dimensions && found->second.scalar_type() == type, "the saved '", name, "' is not ",
            what);
    return found->second;
}

template <>
double StateDict::get<double>(const std::string& name) const {
    return tensor(name, 0, at::kDouble, "a number").item<double>();
}

template <>
int64_t StateDict::get<int64_t>(const std::string& name) const {
    return tensor(name, 0, at::kLong, "an integer").item<int64_t>();
}

template <>
bool StateDict::get<bool>(const std::string& name) const {
    return get<int64_t>(name) != 0;
}

template <>
std::string StateDict::get<std::string>(const std::string& name) const {
    const auto found = content_.metadata.find(name);
    if (found != content_.metadata.end()) return found->second;
    const auto bytes = content_.tensors.find(name);
    require(bytes != content_.tensors.end() && bytes->second.scalar_type() == at::kByte,
            "the saved state has no text '", name, "'");
    const at::Tensor text = bytes->second.contiguous();
    return {static_cast<const char*>(text.const_data_ptr()), text.nbytes()};
}

template <>
std::vector<double> StateDict::get<std::vector<double>>(const std::string& name) const {
    const at::Tensor values = tensor(name, 1, at::kDouble, "a list of numbers").contiguous();
    const auto* begin = values.const_data_ptr<double>();
    return {begin, begin + values.numel()};
}

template <>
at::Tensor StateDict::get<at::Tensor>(const std::string& name) const {
    const auto found = content_.tensors.find(name);
    require(found != content_.tensors.end(), "the saved state has no tensor '", name, "'");
    return found->second;
}

int64_t StateDict::get_integer(const std::string& name, int64_t least, int64_t most) const {
    const auto value = get<int64_t>(name);
    if (value >= least && value <= most) return value;
    fail("the saved '", name, "' is ", value, ", and must be at least ", least, " and at most ", most);
}

at::Tensor StateDict::get_like(const std::string& name, const at::Tensor& like) const {
    const auto saved = get<at::Tensor>(name);
    require(saved.sizes() == like.sizes() && saved.scalar_type() == like.scalar_type(), "the saved '", name, "' is ",
            c10::toString(saved.scalar_type()), " ", saved.sizes(), " where ", c10::toString(like.scalar_type()), " ",
            like.sizes(), " is needed");
    return saved;
}

bool StateDict::has(const std::string& name) const {
    return content_.tensors.contains(name) || content_.metadata.contains(name);
}

StateDict StateDict::part(const std::string& name) const {
    const std::string prefix = name + ".";
    StateDict part;
    for (const auto& [key, tensor] : content_.tensors) {
        if (key.starts_with(prefix)) part.content_.tensors[key.substr(prefix.size())] = tensor;
    }
    for (const auto& [key, text] : content_.metadata) {
        if (key.starts_with(prefix)) part.content_.metadata[key.substr(prefix.size())] = text;
    }
    return part;
}

std::vector<std::string> StateDict::parts() const {
    std::set<std::string> names;
    const auto add = [&](const auto& items) {
        for (const auto& [key, value] : items) {
            if (const size_t dot = key.find('.'); dot != std::string::npos) names.insert(key.substr(0, dot));
        }
    };
    add(content_.tensors);
    add(content_.metadata);
    return {names.begin(), names.end()};
}

}  // namespace embark
