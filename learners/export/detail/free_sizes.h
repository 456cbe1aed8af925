#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "../../../core/tensors.h"

namespace embark {

/// Dimensions of inputs that may be of any size, by input; see ExportOptions::dynamic_dims.
using DynamicDims = std::map<size_t, std::vector<int64_t>>;

/// A size that need not be what it is in the example: the number of rows, or a dimension that was named as dynamic.
struct FreeSize {
    struct Place {
        size_t input;
        int64_t dim;
    };
    /// Where it stands; all of them are equal in every call.
    std::vector<Place> places;
    /// What messages call it, "n" for the rows.
    std::string name;
    /// The example's.
    int64_t example = 0;
};
using FreeSizes = std::vector<FreeSize>;

/// The number of rows, then the dimensions that `dynamic_dims` names, by input: each by itself or, where `together`,
/// those of one size as one. Throws UsageError for a dimension that the example does not have.
FreeSizes free_sizes(const Tensors& example, const DynamicDims& dynamic_dims, bool together);

/// `example` with `sizes` in place of the free ones: rows from `first` on, and along every other dimension from 0 on,
/// beginning anew where they end.
Tensors resized(const Tensors& example, const FreeSizes& free, const std::vector<int64_t>& sizes, int64_t first = 0);

/// The free size at a dimension of an input; null for a fixed one.
const FreeSize* find_free_size(const FreeSizes& free, size_t input, int64_t dim);

/// "5 rows", "5 rows and m = 9".
std::string describe_sizes(const FreeSizes& free, const std::vector<int64_t>& sizes);

/// What `forward` calls its inputs: "x", or "x1", "x2", ….
std::string input_name(size_t input, size_t n_inputs);

/// The shape that `forward` takes as an input, as "(n, 5)".
std::string expected_shape(const Tensors& example, const FreeSizes& free, size_t input);

}  // namespace embark
