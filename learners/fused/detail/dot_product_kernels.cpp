// Compiled with -ffast-math (see CMakeLists.txt): sums in whatever order suits vectors.
#include "dot_product_kernels.h"

#include <cmath>

#include "../../../core/detail/prefetch.h"
#include "../../../core/detail/vector_clones.h"

namespace embark::dot_kernels {

namespace {

/// Sets a row's gradient, and gives its bias's. Inlined, so that it is compiled for each of the clones.
[[gnu::always_inline]] inline float set_gradient(const Order& o, int64_t r, const Slopes& s, float* __restrict of_row) {
    // Slopes of many ratings nearly cancel one another, and Adam steps as far for little as for much.
    double bias = 0;
    const int64_t begin = o.starts[r], end = o.starts[r + 1];
    // Two at a time, since a sum waits for the one before to be written. The last may be alone.
    for (int64_t k = begin; k < end; k += 2) {
        const int32_t i = o.order[k], next = k + 1 < end ? o.order[k + 1] : i;
        const float slope = s.slopes[i], next_slope = k + 1 < end ? s.slopes[next] : 0;
        const float* __restrict partner = s.partner_factors + s.partners[i] * s.width;
        const float* __restrict next_partner = s.partner_factors + s.partners[next] * s.width;
        if (k == begin) {
            for (int64_t j = 0; j < s.width; ++j) of_row[j] = slope * partner[j] + next_slope * next_partner[j];
        } else {
            for (int64_t j = 0; j < s.width; ++j) of_row[j] += slope * partner[j] + next_slope * next_partner[j];
        }
        bias += static_cast<double>(slope) + next_slope;
    }
    return static_cast<float>(bias);
}

}  // namespace

EMBARK_VECTOR_CLONES double user_side(const Order& by_user, int64_t first, int64_t last, const Model& model,
                                      const Outputs& outputs, const Gradients& gradients) {
    const Order o = by_user;
    const Model m = model;
    const Outputs out = outputs;
    const Slopes slopes = {out.slopes, m.items, m.item_factors, m.width};
    const float range = m.high - m.low, share_of_batch = 2 / static_cast<float>(o.count);
    double total = 0;
    for (int64_t r = first; r < last; ++r) {
        if (r + kRowsAhead < o.n_rows) {
            prefetch_row(m.user_factors, o.rows[r + kRowsAhead], m.width);
            if (m.user_bias != nullptr) prefetch_row(m.user_bias, o.rows[r + kRowsAhead], 1);
        }
        const float* user = m.user_factors + o.rows[r] * m.width;
        for (int64_t k = o.starts[r]; k < o.starts[r + 1]; ++k) {
            if (k + kRowsAhead < o.count) {
                const int64_t ahead = m.items[o.order[k + kRowsAhead]];
                prefetch_row(m.item_factors, ahead, m.width);
                if (m.item_bias != nullptr) prefetch_row(m.item_bias, ahead, 1);
            }
            const int32_t i = o.order[k];
            const float* item = m.item_factors + m.items[i] * m.width;
            float score = 0, slope = 1;
            for (int64_t j = 0; j < m.width; ++j) score += user[j] * item[j];
            if (m.item_bias != nullptr) score += m.user_bias[o.rows[r]] + m.item_bias[m.items[i]];
            if (range > 0) {
                const float share = 1 / (1 + std::exp(-score));
                score = share * range + m.low;
                slope = share * (1 - share) * range;
            }
            const float error = score - m.targets[i];
            out.predictions[i] = score;
            out.slopes[i] = share_of_batch * error * slope;
            total += static_cast<double>(error) * error;
        }
        gradients.biases[r] = set_gradient(o, r, slopes, gradients.rows + r * m.width);
    }
    return total;
}

EMBARK_VECTOR_CLONES void row_gradients(const Order& by_row, int64_t first, int64_t last, const Slopes& slopes,
                                        const Gradients& gradients) {
    const Order o = by_row;
    const Slopes s = slopes;
    for (int64_t r = first; r < last; ++r) {
        for (int64_t k = o.starts[r]; k < o.starts[r + 1]; ++k) {
            if (k + kRowsAhead < o.count) prefetch_row(s.partner_factors, s.partners[o.order[k + kRowsAhead]], s.width);
        }
        gradients.biases[r] = set_gradient(o, r, s, gradients.rows + r * s.width);
    }
}

}  // namespace embark::dot_kernels
