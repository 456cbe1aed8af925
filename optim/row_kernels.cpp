// Compiled without errno and traps of the mathematical functions (see CMakeLists.txt), so that there are vectors of
// them.
#include "row_kernels.h"

#include <cmath>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "../core/prefetch.h"
#include "../core/vector_clones.h"

namespace embark::rows {

namespace {

/// Asks for what is worked on after row `i` of those that are touched.
inline void ask_ahead(const float* table, const Touched& touched, int64_t i) {
    if (i + kRowsAhead < touched.count) ask_for_row(table, touched.rows[i + kRowsAhead], touched.width);
}

/// Takes numbers below 1.2e-38, with which x86 processors are slow by a factor of a hundred, for 0 while it lives.
/// Averages of rows that are not touched for long come there, and move no weight any more.
class FlushDenormals {
public:
#if defined(__SSE2__)
    FlushDenormals() {
        _mm_setcsr(before_ | kFlushToZero | kDenormalsAreZero);
    }
    ~FlushDenormals() {
        _mm_setcsr(before_);
    }
    FlushDenormals(const FlushDenormals&) = delete;
    FlushDenormals& operator=(const FlushDenormals&) = delete;

private:
    static constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
    unsigned before_ = _mm_getcsr();
#endif
};

EMBARK_VECTOR_CLONES void untouched(float* __restrict p, float* __restrict m, float* __restrict v, int64_t n,
                                    const AdamConstants& c) {
    const AdamConstants k = c;
    for (int64_t i = 0; i < n; ++i) {
        const float average = m[i] * k.mom, square = v[i] * k.sqr_mom;
        m[i] = average;
        v[i] = square;
        p[i] = p[i] * k.decay - k.step_size * average / (std::sqrt(square) * k.rms_scale + k.eps);
    }
}

}  // namespace

void adam_untouched(float* p, float* m, float* v, int64_t n, const AdamConstants& c) {
    const FlushDenormals flush;
    untouched(p, m, v, n, c);
}

EMBARK_VECTOR_CLONES void adam_add_gradients(float* m, float* v, const Touched& touched, const AdamConstants& c) {
    const float of_gradient = (1 - c.mom) / c.mom, of_square = (1 - c.sqr_mom) / c.sqr_mom;
    for (int64_t i = 0; i < touched.count; ++i) {
        ask_ahead(m, touched, i);
        ask_ahead(v, touched, i);
        float* __restrict mi = m + touched.rows[i] * touched.width, * __restrict vi =
                                                                        v + touched.rows[i] * touched.width;
        const float* __restrict gi = touched.gradients + i * touched.width;
        for (int64_t j = 0; j < touched.width; ++j) {
            mi[j] += of_gradient * gi[j];
            vi[j] += of_square * gi[j] * gi[j];
        }
    }
}

EMBARK_VECTOR_CLONES void adam_touched(float* p, float* m, float* v, const Touched& touched, const AdamConstants& c) {
    const AdamConstants k = c;
    const int64_t width = touched.width;
    for (int64_t i = 0; i < touched.count; ++i) {
        ask_ahead(p, touched, i);
        ask_ahead(m, touched, i);
        ask_ahead(v, touched, i);
        const int64_t row = touched.rows[i] * width;
        float* __restrict pi = p + row;
        float* __restrict mi = m + row;
        float* __restrict vi = v + row;
        const float* __restrict gi = touched.gradients + i * width;
        for (int64_t j = 0; j < width; ++j) {
            const float g = gi[j] + k.l2 * pi[j];
            const float average = k.mom * mi[j] + (1 - k.mom) * g;
            const float square = k.sqr_mom * vi[j] + (1 - k.sqr_mom) * g * g;
            mi[j] = average;
            vi[j] = square;
            pi[j] = pi[j] * k.decay - k.step_size * average / (std::sqrt(square) * k.rms_scale + k.eps);
        }
    }
}

EMBARK_VECTOR_CLONES void take_rows(const float* table, float* to, const Touched& touched) {
    const int64_t width = touched.width;
    for (int64_t i = 0; i < touched.count; ++i) {
        ask_ahead(table, touched, i);
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
        ask_ahead(p, touched, i);
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
        ask_ahead(p, touched, i);
        ask_ahead(s, touched, i);
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
