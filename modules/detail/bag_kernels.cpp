// Compiled without LibTorch; see CMakeLists.txt.
#include "bag_kernels.h"

#include "../../core/detail/vector_clones.h"

namespace embark::bag_kernels {

EMBARK_VECTOR_CLONES void add_bags(BagLists bags, const int64_t* rows, int64_t n, const float* table, int64_t width,
                                   float* to) {
    for (int64_t i = 0; i < n; ++i) {
        float* __restrict sum = to + i * width;
        for (int64_t k = bags.offsets[rows[i]]; k < bags.offsets[rows[i] + 1]; ++k) {
            const float weight = bags.weights[k];
            const float* __restrict from = table + bags.indices[k] * width;
            for (int64_t j = 0; j < width; ++j) sum[j] += weight * from[j];
        }
    }
}

EMBARK_VECTOR_CLONES void add_to_bags(BagLists bags, const int64_t* rows, int64_t n, const float* from, Columns columns,
                                      float* table) {
    for (int64_t i = 0; i < n; ++i) {
        const float* __restrict gradient = from + i * columns.width;
        for (int64_t k = bags.offsets[rows[i]]; k < bags.offsets[rows[i] + 1]; ++k) {
            const float weight = bags.weights[k];
            float* __restrict to = table + bags.indices[k] * columns.width;
            for (int64_t j = columns.first; j < columns.last; ++j) to[j] += weight * gradient[j];
        }
    }
}

EMBARK_VECTOR_CLONES void take(const float* table, const int64_t* rows, int64_t n, int64_t width, float* to) {
    for (int64_t i = 0; i < n; ++i) {
        const float* __restrict from = table + rows[i] * width;
        float* __restrict out = to + i * width;
        for (int64_t j = 0; j < width; ++j) out[j] = from[j];
    }
}

EMBARK_VECTOR_CLONES void subtract(const float* weights, const float* table, const int64_t* rows, int64_t n,
                                   int64_t width, float* to) {
    for (int64_t i = 0; i < n; ++i) {
        const float* __restrict from = table + rows[i] * width;
        float* __restrict out = to + i * width;
        for (int64_t j = 0; j < width; ++j) out[j] -= weights[i] * from[j];
    }
}

EMBARK_VECTOR_CLONES void add_to_rows(const float* from, const int64_t* rows, int64_t n, Columns columns, float* table) {
    for (int64_t i = 0; i < n; ++i) {
        const float* __restrict gradient = from + i * columns.width;
        float* __restrict to = table + rows[i] * columns.width;
        for (int64_t j = columns.first; j < columns.last; ++j) to[j] += gradient[j];
    }
}

EMBARK_VECTOR_CLONES void add_dots(const float* a, const float* b, int64_t n, int64_t members, int64_t width,
                                   float* dots) {
    for (int64_t i = 0; i < n * members; ++i) {
        const float *one = a + i * width, *other = b + i * width;
        float sum = 0;
        for (int64_t j = 0; j < width; ++j) sum += one[j] * other[j];
        dots[i] += sum;
    }
}

EMBARK_VECTOR_CLONES void add_products(const SlopeRows& by, const float* other, const int64_t* rows, Columns columns,
                                       float* table) {
    for (int64_t i = 0; i < by.n; ++i) {
        const float scale = by.scales == nullptr ? 1 : by.scales[i];
        if (scale == 0) continue;
        float* __restrict to = table + rows[i] * columns.width;
        for (int64_t m = columns.first / by.width; m * by.width < columns.last; ++m) {
            const float slope = scale * by.slopes[i * by.members + m];
            const int64_t begin = m * by.width < columns.first ? columns.first : m * by.width;
            const int64_t end = (m + 1) * by.width > columns.last ? columns.last : (m + 1) * by.width;
            if (other == nullptr) {
                for (int64_t j = begin; j < end; ++j) to[j] += slope;
            } else {
                const float* __restrict factor = other + i * columns.width;
                for (int64_t j = begin; j < end; ++j) to[j] += slope * factor[j];
            }
        }
    }
}

}  // namespace embark::bag_kernels
