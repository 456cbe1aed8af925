// Compiled without errno and traps of the mathematical functions (see CMakeLists.txt), so that there are vectors of
// them.
#include "dense_kernels.h"

#include <cmath>

#include "../../core/detail/vector_clones.h"

namespace embark::dense {

EMBARK_VECTOR_CLONES void take_rows(const float* table, Rows<const int64_t> codes, Rows<float> out) {
    const int64_t width = out.width;
    for (int64_t i = 0; i < codes.count; ++i) {
        const float* from = table + codes.data[i * codes.stride] * width;
        float* __restrict to = out.data + i * out.stride;
        for (int64_t j = 0; j < width; ++j) to[j] = from[j];
    }
}

EMBARK_VECTOR_CLONES void add_rows(Rows<const float> gradient, Rows<const int64_t> codes, float* table) {
    const int64_t width = gradient.width;
    for (int64_t i = 0; i < codes.count; ++i) {
        const float* from = gradient.data + i * gradient.stride;
        float* __restrict to = table + codes.data[i * codes.stride] * width;
        for (int64_t j = 0; j < width; ++j) to[j] += from[j];
    }
}

EMBARK_VECTOR_CLONES void batch_norm(Rows<const float> x, const float* weight, const float* bias, float eps,
                                     ColumnStatistics seen, Rows<float> y) {
    const int64_t n = x.count, width = x.width;
    const float share = 1 / static_cast<float>(n);
    float* __restrict mean = seen.mean, * __restrict variance = seen.variance, * __restrict scale = seen.scale;
    for (int64_t j = 0; j < width; ++j) mean[j] = variance[j] = 0;
    for (int64_t i = 0; i < n; ++i) {
        const float* row = x.data + i * x.stride;
        for (int64_t j = 0; j < width; ++j) mean[j] += row[j];
    }
    for (int64_t j = 0; j < width; ++j) mean[j] *= share;
    for (int64_t i = 0; i < n; ++i) {
        const float* row = x.data + i * x.stride;
        for (int64_t j = 0; j < width; ++j) variance[j] += (row[j] - mean[j]) * (row[j] - mean[j]);
    }
    for (int64_t j = 0; j < width; ++j) variance[j] *= share;
    for (int64_t j = 0; j < width; ++j) scale[j] = 1 / std::sqrt(variance[j] + eps);
    for (int64_t i = 0; i < n; ++i) {
        const float* row = x.data + i * x.stride;
        float* __restrict to = y.data + i * y.stride;
        for (int64_t j = 0; j < width; ++j) to[j] = (row[j] - mean[j]) * scale[j] * weight[j] + bias[j];
    }
}

EMBARK_VECTOR_CLONES void batch_norm_backward(Rows<const float> x, ColumnStatistics seen, const float* weight,
                                              Rows<const float> of_y, float* __restrict of_weight,
                                              float* __restrict of_bias, Rows<float> of_x) {
    const int64_t n = x.count, width = x.width;
    const float share = 1 / static_cast<float>(n);
    const float *mean = seen.mean, *scale = seen.scale;
    for (int64_t j = 0; j < width; ++j) of_weight[j] = of_bias[j] = 0;
    for (int64_t i = 0; i < n; ++i) {
        const float *row = x.data + i * x.stride, *g = of_y.data + i * of_y.stride;
        for (int64_t j = 0; j < width; ++j) {
            of_bias[j] += g[j];
            of_weight[j] += g[j] * (row[j] - mean[j]);
        }
    }
    for (int64_t j = 0; j < width; ++j) of_weight[j] *= scale[j];
    if (of_x.data == nullptr) return;
    for (int64_t i = 0; i < n; ++i) {
        const float *row = x.data + i * x.stride, *g = of_y.data + i * of_y.stride;
        float* __restrict to = of_x.data + i * of_x.stride;
        for (int64_t j = 0; j < width; ++j) {
            const float normed = (row[j] - mean[j]) * scale[j];
            to[j] = weight[j] * scale[j] * (g[j] - share * (of_bias[j] + normed * of_weight[j]));
        }
    }
}

// What is not a number stays so, in both directions.
EMBARK_VECTOR_CLONES void relu(float* values, int64_t n) {
    for (int64_t i = 0; i < n; ++i) values[i] = values[i] < 0 ? 0 : values[i];
}

EMBARK_VECTOR_CLONES void relu_backward(const float* result, float* __restrict gradient, int64_t n) {
    for (int64_t i = 0; i < n; ++i) gradient[i] = result[i] <= 0 ? 0 : gradient[i];
}

EMBARK_VECTOR_CLONES void add_up_columns(Rows<const float> x, float* __restrict sums) {
    for (int64_t j = 0; j < x.width; ++j) sums[j] = 0;
    for (int64_t i = 0; i < x.count; ++i) {
        const float* row = x.data + i * x.stride;
        for (int64_t j = 0; j < x.width; ++j) sums[j] += row[j];
    }
}

}  // namespace embark::dense
