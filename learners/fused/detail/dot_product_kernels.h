#pragma once

#include <cstdint>

namespace embark::dot_kernels {

// The loops over factors of the fused step, in a file of its own that is compiled for several widths of vectors. Not
// part of the public interface.

/// The ratings of a batch in the order of one table's rows: those of row `r` are from order[starts[r]] to before
/// order[starts[r + 1]]. There are `count`.
struct Order {
    const int32_t *order, *starts;
    int64_t count;
};

/// The factors of the users and items of a batch: of rating `i` those of row users[i] of `user_factors` and of row
/// items[i] of `item_factors`.
struct Ratings {
    const int64_t *users, *items;
    const float *user_factors, *item_factors;
    int64_t width;
};

/// dots[i] = Σ_f u_f · i_f of the ratings of rows `first` to before `last`.
void dots(const Order& by_row, int64_t first, int64_t last, const Ratings& ratings, float* dots);

/// What gradients are made of: rating `i` has a slope, and row partners[i] of the other table's factors.
struct Slopes {
    const float* slopes;
    const int64_t* partners;
    const float* partner_factors;
    int64_t width;
};

/// Sets the gradients of rows `first` to before `last`: Σ slope · partner's factors, and Σ slope for the bias, each in
/// the order of the ratings.
void row_gradients(const Order& by_row, int64_t first, int64_t last, const Slopes& slopes, float* gradient,
                   float* bias_gradient);

}  // namespace embark::dot_kernels
