#pragma once

#include <cstdint>

#include "row_kernels.h"

namespace embark::rows {

/// The loops of row_kernels.h that divide by a root mean square, compiled from one source (rms_loops.inc) in two ways.
struct RmsLoops {
    void (*adam_untouched)(float* p, float* m, float* v, int64_t n, const AdamConstants& c);
    void (*adam_touched)(float* p, float* m, float* v, const Touched& touched, const AdamConstants& c);
    void (*adagrad_touched)(float* p, float* s, const Touched& touched, float lr, float eps, float decay, float l2);
};

/// With the processor's own roots and quotients.
extern const RmsLoops kExactRmsLoops;

/// With its estimates of both, each corrected by a step of Newton's method: a few units of the last place from the
/// exact ones. Numbers below 1.2e-38 must count as 0, and a square that has overflowed gives NaN.
extern const RmsLoops kEstimatedRmsLoops;

}  // namespace embark::rows
