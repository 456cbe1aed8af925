#pragma once

#include <cstdint>

namespace embark::dot_kernels {

// The loops over factors of the fused step, in a file of its own that is compiled for several widths of vectors. Not
// part of the public interface.

/// The factors of the users and items of a batch: of rating `i` those of row users[i] of `user_factors` and of row
/// items[i] of `item_factors`.
struct Ratings {
    const int64_t *users, *items;
    int64_t count;
    const float *user_factors, *item_factors;
    int64_t width;
};

/// dots[i] = Σ_f u_f · i_f of each rating.
void dots(const Ratings& ratings, float* dots);

/// Adds slope[i]·(the item's factors) to row user_slots[i] of `user_gradient`, and the other way round, for each
/// rating.
void add_gradients(const Ratings& ratings, const float* slopes, const int64_t* user_slots, const int64_t* item_slots,
                   float* user_gradient, float* item_gradient);

}  // namespace embark::dot_kernels
