// Compiled without LibTorch; see CMakeLists.txt.
#include "least_squares.h"

#include "../../core/detail/vector_clones.h"

namespace embark::least_squares {

namespace {

constexpr int kSteps = 3;
constexpr float kSmall = 1e-20F;  // of squared residuals: nothing is left to do

[[gnu::always_inline]] inline float dot(const float* a, const float* b, int64_t width) {
    float sum = 0;
    for (int64_t j = 0; j < width; ++j) sum += a[j] * b[j];
    return sum;
}

/// to += (gram + alpha Σ_j w_j y_j y_jᵀ) x · sign, and Σ_j (1 + alpha w_j) y_j too where `with_targets`.
[[gnu::always_inline]] inline void add_product(const Problem& problem, int64_t row, const float* x, float sign,
                                               bool with_targets, float* to) {
    const int64_t width = problem.width;
    for (int64_t i = 0; i < width; ++i) {
        const float by = sign * x[i];
        const float* line = problem.gram + i * width;
        for (int64_t j = 0; j < width; ++j) to[j] += by * line[j];
    }
    for (int64_t k = problem.offsets[row]; k < problem.offsets[row + 1]; ++k) {
        const float* other = problem.others + problem.indices[k] * width;
        const float more = problem.alpha * problem.weights[k];
        const float by = sign * more * dot(other, x, width) + (with_targets ? 1 + more : 0);
        for (int64_t j = 0; j < width; ++j) to[j] += by * other[j];
    }
}

}  // namespace

EMBARK_VECTOR_CLONES void approach(const Problem& problem, int64_t begin, int64_t end, float* rows) {
    const int64_t width = problem.width;
    float* left = new float[static_cast<unsigned long>(3 * width)];  // residuals, direction, its product
    float *direction = left + width, *product = left + 2 * width;
    for (int64_t row = begin; row < end; ++row) {
        float* x = rows + row * width;
        const bool is_empty = problem.offsets[row] == problem.offsets[row + 1];
        for (int64_t j = 0; j < width; ++j) {
            left[j] = 0;
            if (is_empty) x[j] = 0;
        }
        if (is_empty) continue;
        add_product(problem, row, x, -1, true, left);
        for (int64_t j = 0; j < width; ++j) direction[j] = left[j];
        float squares = dot(left, left, width);
        for (int step = 0; step < kSteps && squares > kSmall; ++step) {
            for (int64_t j = 0; j < width; ++j) product[j] = 0;
            add_product(problem, row, direction, 1, false, product);
            const float far = squares / dot(direction, product, width);
            for (int64_t j = 0; j < width; ++j) {
                x[j] += far * direction[j];
                left[j] -= far * product[j];
            }
            const float next = dot(left, left, width), share = next / squares;
            for (int64_t j = 0; j < width; ++j) direction[j] = left[j] + share * direction[j];
            squares = next;
        }
    }
    delete[] left;
}

}  // namespace embark::least_squares
