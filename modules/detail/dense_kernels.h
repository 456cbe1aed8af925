#pragma once

#include <cstdint>

namespace embark::dense {

/// Numbers in rows, `stride` of them from the beginning of one row to that of the next.
template <class Number>
struct Rows {
    Number* data = nullptr;
    int64_t count = 0;
    int64_t width = 0;
    int64_t stride = 0;
};

/// What batch norm saw of each column: `width` numbers each.
struct ColumnStatistics {
    float* mean = nullptr;
    /// Biased, over the rows.
    float* variance = nullptr;
    /// 1 / √(variance + eps)
    float* scale = nullptr;
};

/// The rows of `table`, of out's width, that `codes` (a column of one number a row) name.
void take_rows(const float* table, Rows<const int64_t> codes, Rows<float> out);

/// Adds each row of `gradient` to the row of `table` that `codes` names.
void add_rows(Rows<const float> gradient, Rows<const int64_t> codes, float* table);

/// y = (x − mean) · scale · weight + bias, of columns, which puts what it saw into `seen`.
void batch_norm(Rows<const float> x, const float* weight, const float* bias, float eps, ColumnStatistics seen,
                Rows<float> y);

/// The gradients of batch_norm's weight and bias, and of x where `of_x` has data.
void batch_norm_backward(Rows<const float> x, ColumnStatistics seen, const float* weight, Rows<const float> of_y,
                         float* of_weight, float* of_bias, Rows<float> of_x);

/// Puts 0 in the place of what is below it.
void relu(float* values, int64_t n);
/// Puts 0 where relu gave 0.
void relu_backward(const float* result, float* gradient, int64_t n);

/// The sum of each column.
void add_up_columns(Rows<const float> x, float* sums);

}  // namespace embark::dense
