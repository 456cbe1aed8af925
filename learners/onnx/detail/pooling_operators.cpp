#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

std::vector<int64_t> pooled_sizes(const std::vector<int64_t>& values, size_t n_dims) {
    return values.size() == 1 ? std::vector<int64_t>(n_dims, values.front()) : values;
}

/// The window of a pooling over the last dimensions, all of which have fixed sizes.
struct PoolWindow {
    std::vector<int64_t> kernel, stride, padding, dilation;
    /// Elements after the end that the last windows reach beyond the padding, where ceil_mode counts them.
    std::vector<int64_t> overhang;

    PoolWindow(TracedOperation& op, size_t n_dims);
    Attributes attributes() const;
    bool overhangs() const {
        return std::any_of(overhang.begin(), overhang.end(), [](int64_t elements) { return elements > 0; });
    }
};

PoolWindow::PoolWindow(TracedOperation& op, size_t n_dims) {
    kernel = pooled_sizes(op.integers("kernel_size"), n_dims);
    stride = pooled_sizes(op.integers("stride"), n_dims);
    if (stride.empty()) stride = kernel;
    padding = pooled_sizes(op.integers("padding"), n_dims);
    dilation = op.has("dilation") ? pooled_sizes(op.integers("dilation"), n_dims) : std::vector<int64_t>(n_dims, 1);
    overhang.resize(n_dims, 0);
    if (!op.flag("ceil_mode")) return;
    // PyTorch and ONNX Runtime round up differently, so that the sizes say where the last window ends.
    for (size_t i = 0; i < n_dims; ++i) {
        const auto dim = static_cast<int64_t>(i) - static_cast<int64_t>(n_dims);
        const int64_t size = op.fixed_size("self", dim), n_windows = op.result().size(dim);
        const int64_t end = (n_windows - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1;
        overhang[i] = std::max<int64_t>(end - size - 2 * padding[i], 0);
    }
}

Attributes PoolWindow::attributes() const {
    std::vector<int64_t> pads = padding;
    for (size_t i = 0; i < padding.size(); ++i) pads.push_back(padding[i] + overhang[i]);
    Attributes attributes = {{"kernel_shape", kernel}, {"strides", stride}, {"pads", pads}};
    if (std::any_of(dilation.begin(), dilation.end(), [](int64_t step) { return step != 1; })) {
        attributes.push_back({"dilations", dilation});
    }
    return attributes;
}

/// `pool` on x as [rows, channels, ...], whether or not it has rows.
template <class Pool>
Term pooled_rows(TracedOperation& op, size_t n_dims, const Pool& pool) {
    const Term x = op.term("self");
    if (op.input("self").n_dims() > static_cast<int64_t>(n_dims) + 1) return pool(x);
    return squeeze(pool(unsqueeze(x, {0})), {0});
}

OnnxForm max_pool_form(size_t n_dims) {
    return [n_dims](TracedOperation& op) -> Names {
        const PoolWindow window(op, n_dims);
        const Term y =
            pooled_rows(op, n_dims, [&](const Term& x) { return apply("MaxPool", {x}, window.attributes()); });
        // Places of the largest, where an operator gives them, count otherwise in ONNX.
        return {y.name, ""};
    };
}

/// How often the elements of a window that lie in the tensor or its padding count: not all of them do at the end.
Term counted_again(TracedOperation& op, const PoolWindow& window, const Term& averaged) {
    const size_t n_dims = window.kernel.size();
    std::vector<int64_t> sizes, padded;
    for (size_t i = 0; i < n_dims; ++i) {
        const auto dim = static_cast<int64_t>(i) - static_cast<int64_t>(n_dims);
        sizes.push_back(op.result().size(dim));
    }
    at::Tensor factor = at::ones(sizes, at::kDouble);
    for (size_t i = 0; i < n_dims; ++i) {
        const auto dim = static_cast<int64_t>(i) - static_cast<int64_t>(n_dims);
        const int64_t end = op.fixed_size("self", dim) + 2 * window.padding[i];
        const at::Tensor begins = at::arange(sizes[i]) * window.stride[i];
        const at::Tensor counted = (begins + window.kernel[i]).clamp_max(end) - begins;
        std::vector<int64_t> shape(n_dims, 1);
        shape[i] = sizes[i];
        factor = factor * (window.kernel[i] / counted.to(at::kDouble)).reshape(shape);
    }
    return averaged * Term{averaged.graph, averaged.graph->constant(factor.to(averaged.type)), averaged.type};
}

OnnxForm average_pool_form(size_t n_dims) {
    return term_form([n_dims](TracedOperation& op) {
        const PoolWindow window(op, n_dims);
        const bool divided = op.given("divisor_override");
        const bool counts_padding = op.flag("count_include_pad") || divided;
        Attributes attributes = window.attributes();
        attributes.push_back({"count_include_pad", int64_t{counts_padding}});
        Term y = pooled_rows(op, n_dims, [&](const Term& x) { return apply("AveragePool", {x}, attributes); });
        if (divided) {
            double n_elements = 1;
            for (const int64_t size : window.kernel) n_elements *= static_cast<double>(size);
            return y * (n_elements / op.number("divisor_override"));
        }
        return counts_padding && window.overhangs() ? counted_again(op, window, y) : y;
    });
}

}  // namespace

OnnxForms pooling_forms() {
    return {
        {"max_pool1d", max_pool_form(1)},
        {"max_pool2d", max_pool_form(2)},
        {"max_pool3d", max_pool_form(3)},
        {"max_pool1d_with_indices", max_pool_form(1)},
        {"max_pool2d_with_indices", max_pool_form(2)},
        {"max_pool3d_with_indices", max_pool_form(3)},
        {"avg_pool1d", average_pool_form(1)},
        {"avg_pool2d", average_pool_form(2)},
        {"avg_pool3d", average_pool_form(3)},
    };
}

}  // namespace embark::onnx
