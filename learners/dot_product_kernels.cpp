// Compiled with -ffast-math (see CMakeLists.txt): sums in whatever order suits vectors.
#include "dot_product_kernels.h"

#include "../core/vector_clones.h"

namespace embark::dot_kernels {

namespace {

/// How many ratings ahead memory is asked for: rows of a large table lie far apart.
constexpr int64_t kAhead = 8;

inline void ask_for_row(const float* table, int64_t row, int64_t width) {
    for (int64_t j = 0; j < width; j += 16) __builtin_prefetch(table + row * width + j);
}

}  // namespace

EMBARK_VECTOR_CLONES void dots(const Ratings& ratings, float* dots) {
    const Ratings r = ratings;
    for (int64_t i = 0; i < r.count; ++i) {
        if (i + kAhead < r.count) {
            ask_for_row(r.user_factors, r.users[i + kAhead], r.width);
            ask_for_row(r.item_factors, r.items[i + kAhead], r.width);
        }
        const float *user = r.user_factors + r.users[i] * r.width, *item = r.item_factors + r.items[i] * r.width;
        float sum = 0;
        for (int64_t j = 0; j < r.width; ++j) sum += user[j] * item[j];
        dots[i] = sum;
    }
}

EMBARK_VECTOR_CLONES void add_gradients(const Ratings& ratings, const float* slopes, const int64_t* user_slots,
                                        const int64_t* item_slots, float* user_gradient, float* item_gradient) {
    const Ratings r = ratings;
    for (int64_t i = 0; i < r.count; ++i) {
        const float* __restrict user = r.user_factors + r.users[i] * r.width;
        const float* __restrict item = r.item_factors + r.items[i] * r.width;
        float* __restrict of_user = user_gradient + user_slots[i] * r.width;
        float* __restrict of_item = item_gradient + item_slots[i] * r.width;
        const float slope = slopes[i];
        for (int64_t j = 0; j < r.width; ++j) {
            of_user[j] += slope * item[j];
            of_item[j] += slope * user[j];
        }
    }
}

}  // namespace embark::dot_kernels
