// Compiled without errno and traps of the mathematical functions (see CMakeLists.txt), so that there are vectors of
// them.
#include "row_kernels.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "../../core/detail/vector_clones.h"
#include "rms_loops.h"
#include "touched_rows.h"

namespace embark::rows {

namespace {

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

/// Intel's dividers take 22 cycles for the roots and quotients of 16 numbers, nearly twice what the cache takes to
/// bring them. Other processors are taken to divide at the speed of the cache, as the one did on which estimates were
/// slower.
const RmsLoops& rms_loops() {
#if defined(EMBARK_HAS_VECTOR_CLONES)
    static const bool divides_slowly = __builtin_cpu_is("intel") && __builtin_cpu_supports("avx2");
    return divides_slowly ? kEstimatedRmsLoops : kExactRmsLoops;
#else
    return kExactRmsLoops;
#endif
}

}  // namespace

void adam_untouched(float* p, float* m, float* v, int64_t n, const AdamConstants& c) {
    const FlushDenormals flush;
    rms_loops().adam_untouched(p, m, v, n, c);
}

void adam_touched(float* p, float* m, float* v, const Touched& touched, const AdamConstants& c) {
    const FlushDenormals flush;
    rms_loops().adam_touched(p, m, v, touched, c);
}

void adagrad_touched(float* p, float* s, const Touched& touched, float lr, float eps, float decay, float l2) {
    const FlushDenormals flush;
    rms_loops().adagrad_touched(p, s, touched, lr, eps, decay, l2);
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

EMBARK_VECTOR_CLONES void take_rows(const float* table, float* to, const Touched& touched) {
    const int64_t width = touched.width;
    for (int64_t i = 0; i < touched.count; ++i) {
        ask_ahead(table, touched, i);
        const float* __restrict row = table + touched.rows[i] * width;
        float* __restrict copy = to + i * width;
        for (int64_t j = 0; j < width; ++j) copy[j] = row[j];
    }
}

EMBARK_VECTOR_CLONES void scatter_rows(float* table, const float* from, const Touched& touched) {
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

}  // namespace embark::rows
