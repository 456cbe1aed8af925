#pragma once

#include <cstdint>

namespace embark::rows {

// What moves numbers in optimizers that take gradients by rows: plain loops in a file of its own, compiled for several
// widths of vectors, of which the machine's is chosen when the program runs. Not part of the public interface.

/// Rows of a table of `width` columns and their gradients, one after the other.
struct Touched {
    const int64_t* rows;
    const float* gradients;
    int64_t count;
    int64_t width;
};

/// One step of Adam as constants; see adam() for the formula.
struct AdamConstants {
    float mom, sqr_mom;
    /// lr / (1 − mom^t), and 1 / √(1 − sqr_mom^t).
    float step_size, rms_scale;
    float eps;
    /// 1 − lr·wd where weight decay is decoupled, else 1.
    float decay;
    /// What of p is added to the gradient: wd where decay is L2, else 0.
    float l2;
};

/// The step of `n` numbers whose gradient is 0, in place.
void adam_untouched(float* p, float* m, float* v, int64_t n, const AdamConstants& c);

/// Puts the gradients of the touched rows into their averages so that adam_untouched does the rest of their step:
/// m + g·(1 − mom) / mom becomes mom·m + (1 − mom)·g there, and v likewise. For mom and sqr_mom above 0.
void adam_add_gradients(float* m, float* v, const Touched& touched, const AdamConstants& c);

/// The step of the touched rows, in place.
void adam_touched(float* p, float* m, float* v, const Touched& touched, const AdamConstants& c);

/// Copies the touched rows of `table` to `to`, one after the other, and back.
void take_rows(const float* table, float* to, const Touched& touched);
void scatter_rows(float* table, const float* from, const Touched& touched);

/// p ← p·decay − lr·(g + l2·p) in the touched rows; with averages m, m ← mom·m + g + l2·p and p ← p·decay − lr·m.
void sgd_touched(float* p, float* m, const Touched& touched, float lr, float mom, float decay, float l2);

/// s ← s + g², p ← p·decay − lr·g / (√s + eps) in the touched rows, with g + l2·p for g.
void adagrad_touched(float* p, float* s, const Touched& touched, float lr, float eps, float decay, float l2);

}  // namespace embark::rows
