#pragma once

#include <string>
#include <vector>

#include "graph.h"

namespace embark::onnx {

/// A value of the graph with its element type, to write formulas with: `x * sigmoid(1.702 * x)` adds three nodes and
/// two constants. Operands of one operator have the same type; a number takes the term's.
struct Term {
    Graph* graph = nullptr;
    std::string name;
    at::ScalarType type = at::kFloat;
};
using Terms = std::vector<Term>;

/// The result of a node whose inputs all have the type of the first, as its result has. Throws Error where ONNX Runtime
/// cannot compute it with float64.
Term apply(const char* node, const Terms& inputs, const Attributes& attributes = {});
/// The result of a node that says yes or no.
Term apply_bool(const char* node, const Terms& inputs, const Attributes& attributes = {});
/// The result of a node that besides `x` takes integers, such as axes or a shape.
Term apply_ints(const char* node, const Term& x, const std::vector<std::vector<int64_t>>& integers,
                const Attributes& attributes = {});

/// A constant of the same type as `x`.
Term number_like(const Term& x, double value);
/// `x` with elements of another type.
Term cast(const Term& x, at::ScalarType type);
/// The type that the graph computes with where PyTorch computes with `type`: ONNX Runtime has no arithmetic of bool and
/// of the small integers.
at::ScalarType computing_type(at::ScalarType type);

Term operator+(const Term& a, const Term& b);
Term operator-(const Term& a, const Term& b);
Term operator*(const Term& a, const Term& b);
Term operator/(const Term& a, const Term& b);
Term operator+(const Term& a, double b);
Term operator-(const Term& a, double b);
Term operator*(const Term& a, double b);
Term operator/(const Term& a, double b);
Term operator+(double a, const Term& b);
Term operator-(double a, const Term& b);
Term operator*(double a, const Term& b);
Term operator/(double a, const Term& b);
Term operator-(const Term& x);

// Comparisons, elementwise; their results are of type bool.
Term operator<(const Term& a, const Term& b);
Term operator<=(const Term& a, const Term& b);
Term operator>(const Term& a, const Term& b);
Term operator>=(const Term& a, const Term& b);
Term operator==(const Term& a, const Term& b);
Term operator<(const Term& a, double b);
Term operator>(const Term& a, double b);
Term operator==(const Term& a, double b);
Term operator!(const Term& x);
Term operator&&(const Term& a, const Term& b);
Term operator||(const Term& a, const Term& b);

Term where(const Term& condition, const Term& a, const Term& b);
Term maximum(const Term& a, const Term& b);
Term minimum(const Term& a, const Term& b);
Term exp(const Term& x);
Term log(const Term& x);
Term sqrt(const Term& x);
Term abs(const Term& x);
Term sigmoid(const Term& x);
Term tanh(const Term& x);
/// log(1 + x) and exp(x) - 1 without loss near 0.
Term log1p(const Term& x);
Term expm1(const Term& x);

Term matmul(const Term& a, const Term& b);
/// `x` with its dimensions in another order.
Term permute(const Term& x, const std::vector<int64_t>& order);
/// `x` with dimensions of size 1 where the result has `dims`; and without them.
Term unsqueeze(const Term& x, const std::vector<int64_t>& dims);
Term squeeze(const Term& x, const std::vector<int64_t>& dims);
/// `x` in a shape with at most one -1, which takes what is left.
Term reshape(const Term& x, const std::vector<int64_t>& shape);
/// `x` from `begin` to before `end` along `dim`; -1 is the last.
Term slice(const Term& x, int64_t dim, int64_t begin, int64_t end);
Term concat_terms(const Terms& terms, int64_t dim);
/// The shape of `x` as int64, and its size along a dimension as a scalar.
Term shape_of(const Term& x);
Term size_of(const Term& x, int64_t dim);
/// `value`, of the same type as the result, in a shape of the graph.
Term expand(const Term& value, const Term& shape);

// Reductions over `dims`.
Term reduce_sum(const Term& x, const std::vector<int64_t>& dims, bool keep);
Term reduce_mean(const Term& x, const std::vector<int64_t>& dims, bool keep);
Term reduce_max(const Term& x, const std::vector<int64_t>& dims, bool keep);
Term reduce_min(const Term& x, const std::vector<int64_t>& dims, bool keep);

}  // namespace embark::onnx
