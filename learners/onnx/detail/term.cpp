#include "term.h"

#include <limits>
#include <set>
#include <string_view>

#include <ATen/ATen.h>

#include "../../../core/error.h"

namespace embark::onnx {

namespace {

/// Nodes that ONNX Runtime 1.15 cannot compute with float64.
const std::set<std::string_view> kFloat32Only = {"Cos",           "Tan",
                                                 "Asin",          "Acos",
                                                 "Atan",          "Sinh",
                                                 "Cosh",          "Erf",
                                                 "Elu",           "Selu",
                                                 "Celu",          "Softplus",
                                                 "Softsign",      "HardSigmoid",
                                                 "HardSwish",     "ReduceProd",
                                                 "ReduceL1",      "ReduceL2",
                                                 "Conv",          "ConvTranspose",
                                                 "AveragePool",   "RNN",
                                                 "GlobalMaxPool", "LSTM",
                                                 "GRU",           "InstanceNormalization"};

Term result(const Term& like, const std::string& name) {
    return {like.graph, name, like.type};
}

Names term_names(const Terms& terms) {
    Names names;
    for (const Term& term : terms) names.push_back(term.name);
    return names;
}

Term reduce(const char* node, const Term& x, const std::vector<int64_t>& dims, bool keep) {
    if (dims.empty()) return x;
    return apply(node, {x}, {{"axes", dims}, {"keepdims", int64_t{keep}}});
}

}  // namespace

Term apply(const char* node, const Terms& inputs, const Attributes& attributes) {
    const Term& first = inputs.front();
    require(first.type != at::kDouble || !kFloat32Only.contains(node), "ONNX Runtime has no ", node,
            " for float64, only for float32; compute it in float32");
    return result(first, first.graph->node(node, term_names(inputs), attributes));
}

Term apply_bool(const char* node, const Terms& inputs, const Attributes& attributes) {
    Graph* graph = inputs.front().graph;
    return {graph, graph->node(node, term_names(inputs), attributes), at::kBool};
}

Term apply_ints(const char* node, const Term& x, const std::vector<std::vector<int64_t>>& integers,
                const Attributes& attributes) {
    Names names = {x.name};
    for (const auto& values : integers) names.push_back(x.graph->integers(values));
    return result(x, x.graph->node(node, names, attributes));
}

Term number_like(const Term& x, double value) {
    return result(x, x.graph->constant(at::scalar_tensor(value, x.type)));
}

Term cast(const Term& x, at::ScalarType type) {
    return x.type == type ? x : Term{x.graph, x.graph->cast(x.name, type_of(type)), type};
}

at::ScalarType computing_type(at::ScalarType type) {
    if (type == at::kHalf) return at::kFloat;
    return at::isIntegralType(type, /*includeBool=*/true) && type != at::kInt ? at::kLong : type;
}

Term operator+(const Term& a, const Term& b) {
    return apply("Add", {a, b});
}
Term operator-(const Term& a, const Term& b) {
    return apply("Sub", {a, b});
}
Term operator*(const Term& a, const Term& b) {
    return apply("Mul", {a, b});
}
Term operator/(const Term& a, const Term& b) {
    return apply("Div", {a, b});
}
Term operator+(const Term& a, double b) {
    return a + number_like(a, b);
}
Term operator-(const Term& a, double b) {
    return a - number_like(a, b);
}
Term operator*(const Term& a, double b) {
    return a * number_like(a, b);
}
Term operator/(const Term& a, double b) {
    return a / number_like(a, b);
}
Term operator+(double a, const Term& b) {
    return number_like(b, a) + b;
}
Term operator-(double a, const Term& b) {
    return number_like(b, a) - b;
}
Term operator*(double a, const Term& b) {
    return number_like(b, a) * b;
}
Term operator/(double a, const Term& b) {
    return number_like(b, a) / b;
}
Term operator-(const Term& x) {
    return apply("Neg", {x});
}

Term operator<(const Term& a, const Term& b) {
    return apply_bool("Less", {a, b});
}
Term operator<=(const Term& a, const Term& b) {
    return apply_bool("LessOrEqual", {a, b});
}
Term operator>(const Term& a, const Term& b) {
    return apply_bool("Greater", {a, b});
}
Term operator>=(const Term& a, const Term& b) {
    return apply_bool("GreaterOrEqual", {a, b});
}
Term operator==(const Term& a, const Term& b) {
    return apply_bool("Equal", {a, b});
}
Term operator<(const Term& a, double b) {
    return a < number_like(a, b);
}
Term operator>(const Term& a, double b) {
    return a > number_like(a, b);
}
Term operator==(const Term& a, double b) {
    return a == number_like(a, b);
}
Term operator!(const Term& x) {
    return apply("Not", {x});
}
Term operator&&(const Term& a, const Term& b) {
    return apply("And", {a, b});
}
Term operator||(const Term& a, const Term& b) {
    return apply("Or", {a, b});
}

Term where(const Term& condition, const Term& a, const Term& b) {
    const at::ScalarType computed = computing_type(a.type);
    const Term x = cast(a, computed), y = cast(b, computed);
    const std::string name = a.graph->node("Where", {condition.name, x.name, y.name});
    return cast(result(x, name), a.type);
}

Term maximum(const Term& a, const Term& b) {
    return apply("Max", {a, b});
}
Term minimum(const Term& a, const Term& b) {
    return apply("Min", {a, b});
}
Term exp(const Term& x) {
    return apply("Exp", {x});
}
Term log(const Term& x) {
    return apply("Log", {x});
}
Term sqrt(const Term& x) {
    return apply("Sqrt", {x});
}
Term abs(const Term& x) {
    return apply("Abs", {x});
}
Term sigmoid(const Term& x) {
    return apply("Sigmoid", {x});
}
Term tanh(const Term& x) {
    return apply("Tanh", {x});
}

// Both as in HP's calculators: what rounding does to 1 + x or exp(x), it does to the divisor as well
// (N. Higham, Accuracy and Stability of Numerical Algorithms, 1.14.1).
Term log1p(const Term& x) {
    const Term u = 1 + x, plain = u == 1, infinite = u == std::numeric_limits<double>::infinity();
    return where(plain || infinite, x, log(u) * (x / (u - 1)));
}

Term expm1(const Term& x) {
    const Term u = exp(x), less_1 = u - 1;
    const Term far = less_1 == -1 || u == std::numeric_limits<double>::infinity();
    return where(u == 1, x, where(far, less_1, less_1 * (x / log(u))));
}

Term matmul(const Term& a, const Term& b) {
    return apply("MatMul", {a, b});
}

Term permute(const Term& x, const std::vector<int64_t>& order) {
    return apply("Transpose", {x}, {{"perm", order}});
}

Term unsqueeze(const Term& x, const std::vector<int64_t>& dims) {
    return dims.empty() ? x : apply_ints("Unsqueeze", x, {dims});
}

Term squeeze(const Term& x, const std::vector<int64_t>& dims) {
    return dims.empty() ? x : apply_ints("Squeeze", x, {dims});
}

Term reshape(const Term& x, const std::vector<int64_t>& shape) {
    return apply_ints("Reshape", x, {shape}, {{"allowzero", int64_t{1}}});
}

Term slice(const Term& x, int64_t dim, int64_t begin, int64_t end) {
    return apply_ints("Slice", x, {{begin}, {end}, {dim}});
}

Term concat_terms(const Terms& terms, int64_t dim) {
    return terms.size() == 1 ? terms.front() : apply("Concat", terms, {{"axis", dim}});
}

Term shape_of(const Term& x) {
    return {x.graph, x.graph->node("Shape", {x.name}), at::kLong};
}

Term size_of(const Term& x, int64_t dim) {
    return {x.graph, x.graph->node("Gather", {shape_of(x).name, x.graph->integer(dim)}), at::kLong};
}

Term expand(const Term& value, const Term& shape) {
    return result(value, value.graph->node("Expand", {value.name, shape.name}));
}

// Of opset 17, the sum takes its dims as an input, the others as an attribute.
Term reduce_sum(const Term& x, const std::vector<int64_t>& dims, bool keep) {
    return dims.empty() ? x : apply_ints("ReduceSum", x, {dims}, {{"keepdims", int64_t{keep}}});
}

Term reduce_mean(const Term& x, const std::vector<int64_t>& dims, bool keep) {
    return reduce("ReduceMean", x, dims, keep);
}

Term reduce_max(const Term& x, const std::vector<int64_t>& dims, bool keep) {
    return reduce("ReduceMax", x, dims, keep);
}

Term reduce_min(const Term& x, const std::vector<int64_t>& dims, bool keep) {
    return reduce("ReduceMin", x, dims, keep);
}

}  // namespace embark::onnx
