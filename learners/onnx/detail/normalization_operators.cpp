#include <limits>
#include <numeric>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// A parameter along dimension 1, or what stands for none.
Term channel_term(TracedOperation& op, const std::string& argument, int64_t n_channels, double otherwise) {
    if (op.given(argument)) return op.term(argument);
    const at::Tensor constant = at::full({n_channels}, otherwise, at::TensorOptions().dtype(op.type()));
    return {&op.graph(), op.graph().constant(constant), op.type()};
}

Names batch_norm_form(TracedOperation& op) {
    require(!op.flag_or("training", false) && op.given("running_mean") && op.given("running_var"),
            "it normalises by the batch; put the model into evaluation mode and let the layer track statistics");
    const int64_t n_channels = op.fixed_size("input", 1);
    const Names inputs = {op.term("input").name, channel_term(op, "weight", n_channels, 1).name,
                          channel_term(op, "bias", n_channels, 0).name, op.term("running_mean").name,
                          op.term("running_var").name};
    Names results = {op.graph().node("BatchNormalization", inputs, {{"epsilon", op.number("eps")}})};
    for (size_t i = 1; i < 3; ++i) results.emplace_back();
    return results;
}

/// (x - mean) / sqrt(variance + eps) along `dims`.
Term standardized(const Term& x, const std::vector<int64_t>& dims, double eps) {
    const Term difference = x - reduce_mean(x, dims, true);
    return difference / sqrt(reduce_mean(difference * difference, dims, true) + eps);
}

/// `y` times the channels' weights plus their biases.
Term with_channel_weights(TracedOperation& op, Term y, int64_t rank) {
    std::vector<int64_t> shape(static_cast<size_t>(rank - 1), 1);
    shape.front() = -1;
    if (op.given("weight")) y = y * reshape(op.term("weight"), shape);
    if (op.given("bias")) y = y + reshape(op.term("bias"), shape);
    return y;
}

Term group_norm_form(TracedOperation& op) {
    const TracedValue& input = op.input("input");
    require(input.size(1) != kFree, "its number of channels follows from the batch");
    // 0 stands for the rows, which stay.
    const std::vector<int64_t> groups = {0, op.integer("num_groups"), -1};
    const Term grouped = apply_ints("Reshape", op.term("input"), {groups});
    const Term standard = standardized(grouped, {2}, op.number("eps"));
    return with_channel_weights(op, op.as_result(standard), input.n_dims());
}

Term instance_norm_form(TracedOperation& op) {
    require(op.flag("use_input_stats"), "it normalises by what it has tracked; use BatchNorm for that");
    const int64_t rank = op.input("input").n_dims();
    std::vector<int64_t> dims(static_cast<size_t>(rank - 2));
    std::iota(dims.begin(), dims.end(), 2);
    return with_channel_weights(op, standardized(op.term("input"), dims, op.number("eps")), rank);
}

/// What layer_norm and rms_norm normalise over: the last dimensions.
std::vector<int64_t> normalized_dims(TracedOperation& op) {
    const auto n_dims = static_cast<int64_t>(op.integers("normalized_shape").size());
    std::vector<int64_t> dims;
    for (int64_t dim = op.input("input").n_dims() - n_dims; dim < op.input("input").n_dims(); ++dim)
        dims.push_back(dim);
    return dims;
}

Names layer_norm_form(TracedOperation& op) {
    const std::vector<int64_t> shape = op.integers("normalized_shape");
    const auto parameter = [&](const char* argument, double otherwise) {
        if (op.given(argument)) return op.term(argument);
        const at::Tensor constant = at::full(shape, otherwise, at::TensorOptions().dtype(op.type()));
        return Term{&op.graph(), op.graph().constant(constant), op.type()};
    };
    const Term y = apply("LayerNormalization", {op.term("input"), parameter("weight", 1), parameter("bias", 0)},
                         {{"axis", normalized_dims(op).front()}, {"epsilon", op.number("eps")}});
    return {y.name, "", ""};
}

Term rms_norm_form(TracedOperation& op) {
    const Term x = op.term("input");
    const double smallest =
        x.type == at::kDouble ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
    const Term mean = reduce_mean(x * x, normalized_dims(op), true);
    const Term y = x / sqrt(mean + op.number_or("eps", smallest));
    return op.given("weight") ? y * op.term("weight") : y;
}

}  // namespace

OnnxForms normalization_forms() {
    return {
        {"batch_norm", batch_norm_form},
        {"native_batch_norm", batch_norm_form},
        {"group_norm", term_form(group_norm_form)},
        {"instance_norm", term_form(instance_norm_form)},
        {"layer_norm", layer_norm_form},
        {"native_layer_norm", layer_norm_form},
        {"rms_norm", term_form(rms_norm_form)},
    };
}

}  // namespace embark::onnx
