#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// x along dimension `dim`, which has a fixed size, as a matrix [size afterwards, size before] times it.
Term resampled(const Term& x, const at::Tensor& matrix, int64_t dim, int64_t rank) {
    std::vector<int64_t> order;
    for (int64_t i = 0; i < rank; ++i) order.push_back(i);
    std::swap(order[static_cast<size_t>(dim)], order.back());
    const bool is_last = dim == rank - 1;
    const Term weights{x.graph, x.graph->constant(matrix.t().to(x.type)), x.type};
    const Term product = matmul(is_last ? x : permute(x, order), weights);
    return is_last ? product : permute(product, order);
}

/// [sizes afterwards, sizes before] of a resampling of one dimension, from what it makes of each element alone.
template <class Resample>
at::Tensor resampling_matrix(int64_t size, at::ScalarType type, const Resample& resample) {
    const at::Tensor each = at::eye(size, type).unsqueeze(0);
    return resample(each).squeeze(0).t();
}

/// Adaptive pooling: the averages of as many windows as the result has elements, which may overlap.
Term adaptive_average(TracedOperation& op, int64_t n_dims) {
    const int64_t rank = op.input("self").n_dims();
    std::vector<int64_t> to_one;
    for (int64_t dim = rank - n_dims; dim < rank; ++dim) {
        if (op.result().size(dim) == 1) to_one.push_back(dim);
    }
    Term y = reduce_mean(op.term("self"), to_one, true);
    for (int64_t dim = rank - n_dims; dim < rank; ++dim) {
        const int64_t after = op.result().size(dim);
        if (after == 1) continue;
        const int64_t before = op.fixed_size("self", dim);
        if (after == before) continue;
        const at::Tensor matrix =
            resampling_matrix(before, y.type, [&](const at::Tensor& x) { return at::adaptive_avg_pool1d(x, after); });
        y = resampled(y, matrix, dim, rank);
    }
    return y;
}

/// The largest of each window, dimension by dimension.
Term adaptive_largest(TracedOperation& op, int64_t n_dims) {
    const int64_t rank = op.input("self").n_dims();
    Term y = op.term("self");
    for (int64_t dim = rank - n_dims; dim < rank; ++dim) {
        const int64_t before = op.fixed_size("self", dim), after = op.result().size(dim);
        if (after == before) continue;
        Terms windows;
        for (int64_t i = 0; i < after; ++i) {
            const int64_t begin = i * before / after, end = ((i + 1) * before + after - 1) / after;
            windows.push_back(reduce_max(slice(y, dim, begin, end), {dim}, true));
        }
        y = concat_terms(windows, dim);
    }
    return y;
}

OnnxForm adaptive_average_form(int64_t n_dims) {
    return term_form([n_dims](TracedOperation& op) { return adaptive_average(op, n_dims); });
}

OnnxForm adaptive_largest_form(int64_t n_dims) {
    return [n_dims](TracedOperation& op) -> Names { return {adaptive_largest(op, n_dims).name, ""}; };
}

/// The scale that is given for the n-th of `n_dims` dimensions, or nothing.
std::optional<double> given_scale(TracedOperation& op, int64_t n, int64_t n_dims) {
    if (op.given("scale_factors"))
        return op.input("scale_factors").seen.front().toDoubleVector()[static_cast<size_t>(n)];
    static constexpr const char* kNames[] = {"scales_d", "scales_h", "scales_w"};
    const char* name = n_dims == 1 ? "scales" : kNames[n + 3 - n_dims];
    return op.given(name) ? std::optional(op.number(name)) : std::nullopt;
}

/// Two forms of an operator call what they resize by different names.
std::string resized_argument(const TracedOperation& op) {
    return op.has("self") ? "self" : "input";
}

/// Each element is one of those before; which, PyTorch tells for the elements' places.
OnnxForm nearest_form(int64_t n_dims, bool exact) {
    return term_form([n_dims, exact](TracedOperation& op) {
        const std::string x = resized_argument(op);
        const int64_t rank = op.input(x).n_dims();
        Term y = op.term(x);
        for (int64_t i = 0; i < n_dims; ++i) {
            const int64_t dim = rank - n_dims + i, before = op.fixed_size(x, dim), after = op.result().size(dim);
            const auto scale = given_scale(op, i, n_dims);
            const at::Tensor places = at::arange(before, at::kDouble).reshape({1, 1, -1});
            const at::Tensor taken = exact ? at::_upsample_nearest_exact1d(places, {after}, scale)
                                           : at::upsample_nearest1d(places, {after}, scale);
            const std::string index = y.graph->constant(taken.reshape({-1}).to(at::kLong));
            y = {y.graph, y.graph->node("Gather", {y.name, index}, {{"axis", dim}}), y.type};
        }
        return y;
    });
}

OnnxForm linear_resize_form(int64_t n_dims) {
    return term_form([n_dims](TracedOperation& op) {
        const std::string x = resized_argument(op);
        const int64_t rank = op.input(x).n_dims();
        const bool corners = op.flag("align_corners");
        Term y = op.term(x);
        for (int64_t i = 0; i < n_dims; ++i) {
            const int64_t dim = rank - n_dims + i, before = op.fixed_size(x, dim), after = op.result().size(dim);
            const auto scale = given_scale(op, i, n_dims);
            const at::Tensor matrix = resampling_matrix(before, y.type, [&](const at::Tensor& each) {
                return at::upsample_linear1d(each, {after}, corners, scale);
            });
            y = resampled(y, matrix, dim, rank);
        }
        return y;
    });
}

/// Elements around x, as many as F.pad's list says, which begins with the last dimension.
Term padded(TracedOperation& op, const std::string& mode, const std::optional<Term>& value) {
    const std::vector<int64_t> pad = op.integers(op.has("pad") ? "pad" : "padding");
    const auto rank = static_cast<size_t>(op.input("self").n_dims());
    std::vector<int64_t> before(rank, 0), after(rank, 0);
    for (size_t i = 0; 2 * i + 1 < pad.size(); ++i) {
        before[rank - 1 - i] = pad[2 * i];
        after[rank - 1 - i] = pad[2 * i + 1];
    }
    before.insert(before.end(), after.begin(), after.end());
    const Term x = op.term("self");
    Names names = {x.name, x.graph->integers(before)};
    if (value) names.push_back(value->name);
    return {x.graph, x.graph->node("Pad", names, {{"mode", mode}}), x.type};
}

Term constant_padded(TracedOperation& op) {
    const bool given = op.given("value");
    const Term x = op.term("self");
    return padded(op, "constant", given ? op.term("value", x.type) : number_like(x, 0));
}

Term pad_form(TracedOperation& op) {
    const std::string mode = op.text("mode");
    if (mode == "constant") return constant_padded(op);
    require(mode == "reflect" || mode == "replicate", "its mode '", mode, "' has no ONNX form here");
    return padded(op, mode == "reflect" ? "reflect" : "edge", std::nullopt);
}

/// [rows, c·r·r, h, w] as [rows, c, h·r, w·r].
Term pixel_shuffle_form(TracedOperation& op) {
    const Attributes attributes = {{"blocksize", op.integer("upscale_factor")}, {"mode", std::string("CRD")}};
    require(op.input("self").n_dims() == 4, "without rows it has no ONNX form here");
    return apply("DepthToSpace", {op.term("self")}, attributes);
}

}  // namespace

OnnxForms resampling_forms() {
    OnnxForms forms = {
        {"adaptive_avg_pool1d", adaptive_average_form(1)}, {"adaptive_avg_pool2d", adaptive_average_form(2)},
        {"adaptive_avg_pool3d", adaptive_average_form(3)}, {"adaptive_max_pool1d", adaptive_largest_form(1)},
        {"adaptive_max_pool2d", adaptive_largest_form(2)}, {"adaptive_max_pool3d", adaptive_largest_form(3)},
        {"upsample_linear1d", linear_resize_form(1)},      {"upsample_bilinear2d", linear_resize_form(2)},
        {"upsample_trilinear3d", linear_resize_form(3)},   {"pad", term_form(pad_form)},
        {"constant_pad_nd", term_form(constant_padded)},   {"pixel_shuffle", term_form(pixel_shuffle_form)},
    };
    for (int64_t n_dims = 1; n_dims <= 3; ++n_dims) {
        forms["upsample_nearest" + std::to_string(n_dims) + "d"] = nearest_form(n_dims, false);
        forms["_upsample_nearest_exact" + std::to_string(n_dims) + "d"] = nearest_form(n_dims, true);
        forms["reflection_pad" + std::to_string(n_dims) + "d"] =
            term_form([](TracedOperation& op) { return padded(op, "reflect", std::nullopt); });
        forms["replication_pad" + std::to_string(n_dims) + "d"] =
            term_form([](TracedOperation& op) { return padded(op, "edge", std::nullopt); });
    }
    return forms;
}

}  // namespace embark::onnx
