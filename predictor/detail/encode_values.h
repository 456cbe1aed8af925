#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include <ATen/ops/empty.h>

#include "../../core/detail/number_words.h"
#include "../tabular_encoder.h"

// What one raw value becomes. Rows, columns of raw values and tables are all encoded by these; TorchScript's twin is
// data/tabular/detail/tabular_script.cpp.
namespace embark {

inline int64_t encode_category(const CategoryColumn& column, std::string_view text) {
    return column.vocabulary.index(text);
}

/// Whether it is a number that a model can take, or a missing one.
inline bool is_encodable(const std::optional<double>& number) {
    return number && !is_beyond_float(*number);
}

/// `number` as the model sees it; NaN is a missing one.
inline float encode_number(const NumberColumn& column, double number) {
    return static_cast<float>(column.scaler(std::isnan(number) ? column.fill : number));
}

/// The category that says whether `number` is missing: 1 (False) or 2 (True).
inline int64_t encode_flag(double number) {
    return std::isnan(number) ? 2 : 1;
}

/// Where among the categories it is told that `number` is missing; their end where it is not.
inline auto find_flag(const TabularEncoder& encoder, const NumberColumn& number) {
    return std::find_if(encoder.categories.begin(), encoder.categories.end(),
                        [&](const CategoryColumn& column) { return column.missing_in == number.name; });
}

/// Numbers that derive_numbers gave, as the model sees them: (n, derived) float32.
inline at::Tensor encode_derived(const TabularEncoder& encoder, const at::Tensor& numbers) {
    const at::Tensor derived = numbers.contiguous();
    at::Tensor encoded = at::empty(derived.sizes(), at::kFloat);
    const double* number = derived.const_data_ptr<double>();
    float* out = encoded.mutable_data_ptr<float>();
    const auto columns = encoder.derived_columns();
    for (int64_t i = 0; i < derived.numel(); ++i) {
        out[i] = encode_number(columns[static_cast<size_t>(i) % columns.size()], number[i]);
    }
    return encoded;
}

}  // namespace embark
