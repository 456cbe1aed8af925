#pragma once

#include <cstdint>

namespace embark::least_squares {

// What implicit_als solves for each row: plain loops in a file of their own.

/// (gram + alpha Σ_j w_j y_j y_jᵀ) x = Σ_j (1 + alpha w_j) y_j, over the list of each row; y_j are rows of `others`,
/// (any, width), and gram is (width, width), with the diagonal that holds x back.
struct Problem {
    const float* gram;
    const float* others;
    const int64_t* offsets;
    const int64_t* indices;
    const float* weights;
    int64_t width;
    float alpha;
};

/// Three steps of conjugate gradients from where each of the rows `begin` to before `end` is; a row without a list is 0.
void approach(const Problem& problem, int64_t begin, int64_t end, float* rows);

}  // namespace embark::least_squares
