// Compiled with -ffast-math (see CMakeLists.txt): square roots and divisions become estimates with a correction, right
// to about 1e-7, which is what takes the time of a step of Adam.
#include "row_kernels.h"

#include <cmath>

#include "../core/vector_clones.h"

namespace embark::rows {

namespace {

/// Below these an average moves no weight.
constexpr float kLeastAverage = 1e-30f, kLeastSquare = 1e-36f;
/// How many rows ahead memory is asked for: rows of a large table lie far apart.
constexpr int64_t kAhead = 8;

inline void ask_for_row(const float* table, const Touched& touched, int64_t i) {
    if (i + kAhead >= touched.count) return;
    const float* row = table + touched.rows[i + kAhead] * touched.width;
    for (int64_t j = 0; j < touched.width; j += 16) __builtin_prefetch(row + j, 1);
}

}  // namespace

EMBARK_VECTOR_CLONES void adam_untouched(float* __restrict p, float* __restrict m, float* __restrict v, int64_t n,
                                         const AdamConstants& c) {
    const AdamConstants k = c;
    for (int64_t i = 0; i < n; ++i) {
        const float average = m[i] * k.mom, square = v[i] * k.sqr_mom;
        m[i] = std::fabs(average) < kLeastAverage ? 0 : average;
        v[i] = square < kLeastSquare ? 0 : square;
        p[i] = p[i] * k.decay - k.step_size * average / (std::sqrt(square) * k.rms_scale + k.eps);
    }
}

EMBARK_VECTOR_CLONES void adam_step(float* __restrict p, float* __restrict m, float* __restrict v,
                                    const float* __restrict gradients, int64_t n, const AdamConstants& c) {
    const AdamConstants k = c;
    for (int64_t i = 0; i < n; ++i) {
        const float g = gradients[i] + k.l2 * p[i];
        const float average = k.mom * m[i] + (1 - k.mom) * g, square = k.sqr_mom * v[i] + (1 - k.sqr_mom) * g * g;
        m[i] = average;
        v[i] = square;
        p[i] = p[i] * k.decay - k.step_size * average / (std::sqrt(square) * k.rms_scale + k.eps);
    }
}

EMBARK_VECTOR_CLONES void take_rows(const float* table, float* to, const Touched& touched) {
    const int64_t width = touched.width;
    for (int64_t i = 0; i < touched.count; ++i) {
        ask_for_row(table, touched, i);
        const float* __restrict row = table + touched.rows[i] * width;
        float* __restrict copy = to + i * width;
        for (int64_t j = 0; j < width; ++j) copy[j] = row[j];
    }
}

EMBARK_VECTOR_CLONES void put_rows(float* table, const float* from, const Touched& touched) {
    for (int64_t i = 0; i < touched.count; ++i) {
        float* __restrict to = table + touched.rows[i] * touched.width;
        const float* __restrict row = from + i * touched.width;
        for (int64_t j = 0; j < touched.width; ++j) to[j] = row[j];
    }
}

EMBARK_VECTOR_CLONES void sgd_touched(float* p, float* m, const Touched& touched, float lr, float mom, float decay,
                                      float l2) {
    const int64_t width = touched.width;
    const float keep = decay - lr * l2;
    for (int64_t i = 0; i < touched.count; ++i) {
        ask_for_row(p, touched, i);
        float* __restrict pi = p + touched.rows[i] * width;
        const float* __restrict gi = touched.gradients + i * width;
        if (m == nullptr) {
            for (int64_t j = 0; j < width; ++j) pi[j] = keep * pi[j] - lr * gi[j];
            continue;
        }
        float* __restrict mi = m + touched.rows[i] * width;
        for (int64_t j = 0; j < width; ++j) {
            mi[j] = mom * mi[j] + gi[j] + l2 * pi[j];
            pi[j] = decay * pi[j] - lr * mi[j];
        }
    }
}

EMBARK_VECTOR_CLONES void adagrad_touched(float* p, float* s, const Touched& touched, float lr, float eps, float decay,
                                          float l2) {
    const int64_t width = touched.width;
    for (int64_t i = 0; i < touched.count; ++i) {
        ask_for_row(p, touched, i);
        ask_for_row(s, touched, i);
        float* __restrict pi = p + touched.rows[i] * width, * __restrict si = s + touched.rows[i] * width;
        const float* __restrict gi = touched.gradients + i * width;
        for (int64_t j = 0; j < width; ++j) {
            const float g = gi[j] + l2 * pi[j];
            si[j] += g * g;
            pi[j] = decay * pi[j] - lr * g / (std::sqrt(si[j]) + eps);
        }
    }
}

}  // namespace embark::rows
