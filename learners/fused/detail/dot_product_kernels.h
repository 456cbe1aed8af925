#pragma once

#include <cstdint>

namespace embark::dot_kernels {

// The loops over factors of the fused step, in a file of its own that is compiled for several widths of vectors. Not
// part of the public interface.

/// The ratings of a batch in the order of one table's rows: those of rows[r] are from order[starts[r]] to before
/// order[starts[r + 1]]. There are `count` ratings, of `n_rows` rows.
struct Order {
    const int64_t* rows;
    const int32_t *order, *starts;
    int64_t count, n_rows;
};

/// What is computed of each rating `i` of a batch.
struct Outputs {
    float* predictions;
    /// What of a rating's gradients is its error's: ∂loss / ∂score.
    float* slopes;
};

/// The model and what it is to predict: of rating `i` the item items[i] and targets[i].
struct Model {
    const int64_t* items;
    const float *user_factors, *item_factors;
    const float *user_bias, *item_bias;  // null without biases
    int64_t width;
    const float* targets;
    float low, high;  // of the scaled sigmoid; the same without one
};

/// Σ slope · partner's factors of some rows, one after the other, and Σ slope, their biases'.
struct Gradients {
    float *rows, *biases;
};

/// Of the ratings of rows `first` to before `last` predictions and slopes, and of these rows the gradients; gives the sum
/// of the squared errors.
double user_side(const Order& by_user, int64_t first, int64_t last, const Model& model, const Outputs& outputs,
                 const Gradients& gradients);

/// What gradients are made of: rating `i` has a slope, and row partners[i] of the other table's factors.
struct Slopes {
    const float* slopes;
    const int64_t* partners;
    const float* partner_factors;
    int64_t width;
};

/// Sets the gradients of rows `first` to before `last`, each in the order of the ratings, two at a time.
void row_gradients(const Order& by_row, int64_t first, int64_t last, const Slopes& slopes, const Gradients& gradients);

}  // namespace embark::dot_kernels
