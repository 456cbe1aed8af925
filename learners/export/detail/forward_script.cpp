#include "forward_script.h"

#include <torch/csrc/jit/api/module.h>

#include "../../../core/detail/classic_locale.h"
#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../../predictor/detail/export_format.h"

namespace embark {

namespace {

/// Conditions on the shape of one input, in TorchScript.
std::vector<std::string> shape_conditions(const Tensors& example, const FreeSizes& free, size_t input) {
    const std::string name = input_name(input, example.size());
    std::vector<std::string> conditions = {concat(name, ".dim() == ", example[input].dim())};
    for (int64_t dim = 0; dim < example[input].dim(); ++dim) {
        const FreeSize* size = find_free_size(free, input, dim);
        const auto given = concat(name, ".size(", dim, ")");
        if (!size) {
            conditions.push_back(concat(given, " == ", example[input].size(dim)));
        } else if (const auto& first = size->places.front(); first.input != input || first.dim != dim) {
            const std::string other = input_name(first.input, example.size());
            conditions.push_back(concat(given, " == ", other, ".size(", first.dim, ")"));
        }
    }
    return conditions;
}

/// A shape as "(3, 9)", in TorchScript.
std::string given_shape(const std::string& name) {
    return concat("\"(\" + \", \".join([str(size) for size in ", name, ".size()]) + (\",)\" if ", name,
                  ".dim() == 1 else \")\")");
}

}  // namespace

void define_forward(torch::jit::Module& module, const Tensors& example, const FreeSizes& free) {
    std::vector<std::string> names, arguments, conditions, expected, given;
    for (size_t i = 0; i < example.size(); ++i) {
        names.push_back(input_name(i, example.size()));
        arguments.push_back(names.back() + ": Tensor");
        for (const std::string& condition : shape_conditions(example, free, i)) conditions.push_back(condition);
        expected.push_back(concat(names.back(), " of shape ", expected_shape(example, free, i)));
        given.push_back(given_shape(names.back()));
    }
    const auto& returns = module.get_method(kTracedForward).function().getSchema().returns();
    const std::string type = returns.front().type()->annotation_str();
    const std::string message = concat("\"forward expects ", join(expected, " and "), ", got \" + ",
                                       join(given, " + \" and \" + "));
    const ClassicLocale plain_numbers;
    module.define(concat("def forward(self, ", join(arguments), ") -> ", type, ":\n",
                         "    assert ", join(conditions, " and "), ", \\\n        ", message, "\n",
                         "    return self.", kTracedForward, "(", join(names), ")\n"));
}

}  // namespace embark
