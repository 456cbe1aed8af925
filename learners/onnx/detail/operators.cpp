#include "operators.h"

#include <string_view>

#include "../../../core/error.h"

namespace embark::onnx {

namespace {

OnnxForms all_onnx_forms() {
    OnnxForms all;
    for (const auto& forms :
         {arithmetic_forms, comparison_forms,  rounding_forms, activation_forms, reduction_forms,     norm_forms,
          sorting_forms,    shape_forms,       joining_forms,  indexing_forms,   creation_forms,      number_forms,
          product_forms,    convolution_forms, pooling_forms,  resampling_forms, normalization_forms, embedding_forms,
          searching_forms,  recurrent_forms,   attention_forms}) {
        for (auto& [name, form] : forms()) {
            require(all.emplace(name, form).second, "aten::", name, " has two ONNX forms");
        }
    }
    return all;
}

const OnnxForms& known_onnx_forms() {
    static const OnnxForms forms = all_onnx_forms();
    return forms;
}

}  // namespace

const OnnxForm* find_onnx_form(const std::string& name) {
    constexpr std::string_view kNamespace = "aten::";
    std::string plain = name.starts_with(kNamespace) ? name.substr(kNamespace.size()) : name;
    const OnnxForms& forms = known_onnx_forms();
    auto found = forms.find(plain);
    if (found == forms.end() && plain.ends_with('_') && !plain.ends_with("__")) {
        plain.pop_back();
        found = forms.find(plain);
    }
    return found == forms.end() ? nullptr : &found->second;
}

std::vector<std::string> onnx_operator_names() {
    std::vector<std::string> names;
    for (const auto& [name, form] : known_onnx_forms()) names.push_back(name);
    return names;
}

}  // namespace embark::onnx
