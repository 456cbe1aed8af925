#pragma once

#include <cstdint>

namespace embark::bag_kernels {

// What a FactorizationModel adds up: plain loops in a file of their own, compiled for several widths of vectors.
// Matrices are (rows, width), one row after the other. Gradients are computed for columns `first` to before `last`, so
// that threads can share them.

/// As Bags.
struct BagLists {
    const int64_t* offsets;
    const int64_t* indices;
    const float* weights;
};

struct Columns {
    int64_t width, first, last;
};

/// to[i] += Σ weight · table[index] over the bag of rows[i], for `n` rows.
void add_bags(BagLists bags, const int64_t* rows, int64_t n, const float* table, int64_t width, float* to);
/// The way back: table[index] += weight · from[i].
void add_to_bags(BagLists bags, const int64_t* rows, int64_t n, const float* from, Columns columns, float* table);

/// to[i] = table[rows[i]].
void take(const float* table, const int64_t* rows, int64_t n, int64_t width, float* to);
/// to[i] −= weights[i] · table[rows[i]].
void subtract(const float* weights, const float* table, const int64_t* rows, int64_t n, int64_t width, float* to);
/// table[rows[i]] += from[i].
void add_to_rows(const float* from, const int64_t* rows, int64_t n, Columns columns, float* table);

/// dots[i, m] += Σ_k a[i, m, k] · b[i, m, k], of `n` rows with so many members of `width` numbers.
void add_dots(const float* a, const float* b, int64_t n, int64_t members, int64_t width, float* dots);

/// Slopes of `n` rows with so many members, of which each has `width` of the columns; scaled for each row, where scales
/// are given.
struct SlopeRows {
    const float* slopes;
    const float* scales;
    int64_t n, members, width;
};

/// table[rows[i], m, k] += scale[i] · slope[i, m] · other[i, m, k]; without `other` its numbers are 1.
void add_products(const SlopeRows& by, const float* other, const int64_t* rows, Columns columns, float* table);

}  // namespace embark::bag_kernels
