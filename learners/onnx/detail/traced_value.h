#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/ivalue.h>

namespace embark::onnx {

/// The size of a dimension that is not the same for every batch.
inline constexpr int64_t kFree = -1;

/// A value of a traced forward: what it is in the ONNX graph, and what it was when the forward ran on examples of
/// several numbers of rows. A size that was the same in all runs is a fixed one.
struct TracedValue {
    /// Its name in the ONNX graph. Empty for a constant, which no input of the forward changes, and for a list.
    std::string name;
    /// What it was, run by run.
    std::vector<c10::IValue> seen;
    /// Of a list or tuple, its elements; those of a constant may be left out.
    std::vector<TracedValue> elements;
    /// What a tensor of the module is called there, as "layers.0.weight".
    std::string path;
    /// Of a packed sequence, which the graph keeps padded as [time, rows, features], and of the number of rows of its
    /// steps: the rows' lengths, int64.
    std::string lengths;

    /// Whether it follows from sizes alone, whatever the elements: a number from which sizes may be made.
    bool is_size = false;
    /// A result that the operator's ONNX form does not give.
    bool is_missing = false;

    /// Whether an input of the forward changes it.
    bool in_graph() const;
    bool is_none() const { return seen.front().isNone(); }
    bool is_tensor() const { return seen.front().isTensor(); }

    /// What it was in the first run. The type of a number is that of TorchScript's numbers, int64 and float64.
    const at::Tensor& example() const;
    at::ScalarType type() const;
    int64_t n_dims() const;
    /// Sizes, with kFree for those that differed between the runs.
    std::vector<int64_t> sizes() const;
    int64_t size(int64_t dim) const;
    /// The number of elements, or kFree.
    int64_t numel() const;
};

/// `dim` counted from the front, where -1 is the last of `rank` dimensions.
int64_t from_front(int64_t dim, int64_t rank);

}  // namespace embark::onnx
