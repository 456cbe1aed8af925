#include <algorithm>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// One number a dimension; PyTorch takes one number for all as well.
std::vector<int64_t> for_each_dim(const std::vector<int64_t>& values, size_t n_dims) {
    return values.size() == 1 ? std::vector<int64_t>(n_dims, values.front()) : values;
}

/// Zeros before and after each dimension, as ONNX has them: all before, then all after.
std::vector<int64_t> paddings_of(TracedOperation& op, size_t n_dims, const std::vector<int64_t>& dilation) {
    std::vector<int64_t> before(n_dims, 0), after(n_dims, 0);
    if (op.input("padding").seen.front().isString()) {
        const std::vector<int64_t> kernel = op.input("weight").sizes();
        for (size_t i = 0; i < n_dims && op.text("padding") == "same"; ++i) {
            const int64_t all = dilation[i] * (kernel[i + 2] - 1);
            before[i] = all / 2;
            after[i] = all - before[i];
        }
    } else {
        before = after = for_each_dim(op.integers("padding"), n_dims);
    }
    before.insert(before.end(), after.begin(), after.end());
    return before;
}

Term convolution(TracedOperation& op, bool transposed) {
    const auto n_dims = static_cast<size_t>(op.input("weight").n_dims() - 2);
    const bool one_row = op.input("input").n_dims() == static_cast<int64_t>(n_dims) + 1;
    const std::vector<int64_t> dilation = for_each_dim(op.integers("dilation"), n_dims);
    Attributes attributes = {{"strides", for_each_dim(op.integers("stride"), n_dims)},
                             {"dilations", dilation},
                             {"pads", paddings_of(op, n_dims, dilation)},
                             {"group", op.integer("groups")}};
    if (transposed && op.given("output_padding")) {
        attributes.push_back({"output_padding", for_each_dim(op.integers("output_padding"), n_dims)});
    }
    const Term x = op.term("input");
    Terms inputs = {one_row ? unsqueeze(x, {0}) : x, op.term("weight")};
    if (op.given("bias")) inputs.push_back(op.term("bias"));
    const Term y = apply(transposed ? "ConvTranspose" : "Conv", inputs, attributes);
    return one_row ? squeeze(y, {0}) : y;
}

}  // namespace

OnnxForms convolution_forms() {
    OnnxForms forms;
    for (const char* name : {"conv1d", "conv2d", "conv3d", "_convolution_mode"}) {
        forms[name] = term_form([](TracedOperation& op) { return convolution(op, false); });
    }
    for (const char* name : {"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}) {
        forms[name] = term_form([](TracedOperation& op) { return convolution(op, true); });
    }
    for (const char* name : {"_convolution", "convolution"}) {
        forms[name] = term_form([](TracedOperation& op) { return convolution(op, op.flag("transposed")); });
    }
    return forms;
}

}  // namespace embark::onnx
