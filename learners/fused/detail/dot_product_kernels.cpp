// Compiled with -ffast-math (see CMakeLists.txt): sums in whatever order suits vectors.
#include "dot_product_kernels.h"

#include "../../../core/detail/prefetch.h"
#include "../../../core/detail/vector_clones.h"

namespace embark::dot_kernels {

EMBARK_VECTOR_CLONES void dots(const Order& by_row, int64_t first, int64_t last, const Ratings& ratings, float* dots) {
    const Order o = by_row;
    const Ratings r = ratings;
    for (int64_t k = o.starts[first]; k < o.starts[last]; ++k) {
        if (k + kRowsAhead < o.count) {
            prefetch_row(r.user_factors, r.users[o.order[k + kRowsAhead]], r.width);
            prefetch_row(r.item_factors, r.items[o.order[k + kRowsAhead]], r.width);
        }
        const int32_t i = o.order[k];
        const float *user = r.user_factors + r.users[i] * r.width, *item = r.item_factors + r.items[i] * r.width;
        float sum = 0;
        for (int64_t j = 0; j < r.width; ++j) sum += user[j] * item[j];
        dots[i] = sum;
    }
}

EMBARK_VECTOR_CLONES void row_gradients(const Order& by_row, int64_t first, int64_t last, const Slopes& slopes,
                                        float* gradient, float* bias_gradient) {
    const Order o = by_row;
    const Slopes s = slopes;
    for (int64_t r = first; r < last; ++r) {
        float* __restrict of_row = gradient + r * s.width;
        float bias = 0;
        for (int64_t k = o.starts[r]; k < o.starts[r + 1]; ++k) {
            if (k + kRowsAhead < o.count) {
                prefetch_row(s.partner_factors, s.partners[o.order[k + kRowsAhead]], s.width);
            }
            const int32_t i = o.order[k];
            const float slope = s.slopes[i];
            const float* __restrict partner = s.partner_factors + s.partners[i] * s.width;
            if (k == o.starts[r]) {
                for (int64_t j = 0; j < s.width; ++j) of_row[j] = slope * partner[j];
            } else {
                for (int64_t j = 0; j < s.width; ++j) of_row[j] += slope * partner[j];
            }
            bias += slope;
        }
        bias_gradient[r] = bias;
    }
}

}  // namespace embark::dot_kernels
