#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "traced_operation.h"

namespace embark::onnx {

/// Adds the nodes of one operation, and returns the results: one for each, or the elements of its only result where
/// that is a list. A result with an empty name has no form in the graph, and must not be used.
using OnnxForm = std::function<Names(TracedOperation&)>;
/// Forms by the operator's name without "aten::"; the one of "add" stands for "add_" as well.
using OnnxForms = std::map<std::string, OnnxForm>;

/// The form of an operator such as "aten::relu_", or null.
const OnnxForm* find_onnx_form(const std::string& name);
/// The names of all operators that have a form, sorted, without "aten::".
std::vector<std::string> onnx_operator_names();

// The forms by subject; find_onnx_form() looks into all of them.
OnnxForms arithmetic_forms();
OnnxForms comparison_forms();
OnnxForms rounding_forms();
OnnxForms activation_forms();
OnnxForms reduction_forms();
OnnxForms norm_forms();
OnnxForms sorting_forms();
OnnxForms shape_forms();
OnnxForms joining_forms();
OnnxForms indexing_forms();
OnnxForms creation_forms();
OnnxForms number_forms();
OnnxForms product_forms();
OnnxForms convolution_forms();
OnnxForms pooling_forms();
OnnxForms resampling_forms();
OnnxForms normalization_forms();
OnnxForms embedding_forms();
OnnxForms searching_forms();
OnnxForms recurrent_forms();
OnnxForms attention_forms();

/// A form that computes one result from the operation, as a term.
template <class Function>
OnnxForm term_form(Function function) {
    return [function](TracedOperation& operation) -> Names { return {function(operation).name}; };
}

}  // namespace embark::onnx
