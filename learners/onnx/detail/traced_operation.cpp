#include "traced_operation.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>

#include "../../../core/error.h"

namespace embark::onnx {

Term term_of(Graph& graph, const TracedValue& value) {
    require(value.lengths.empty(), "a packed sequence can only go into a recurrent layer and be padded again");
    require(!value.is_missing, "it takes a result of another operator that has no ONNX form here");
    if (!value.name.empty()) return {&graph, value.name, value.type()};
    const c10::IValue& constant = value.seen.front();
    const std::string hint = value.path.empty() ? "c" : value.path;
    if (constant.isTensor()) return {&graph, graph.constant(constant.toTensor(), hint), value.type()};
    const at::ScalarType type = value.type();
    return {&graph, graph.constant(at::scalar_tensor(constant.toScalar(), type)), type};
}

at::ScalarType promoted_type(const TracedValue& a, const TracedValue& b) {
    const c10::IValue &x = a.seen.front(), &y = b.seen.front();
    if (x.isTensor() && y.isTensor()) return at::result_type(x.toTensor(), y.toTensor());
    if (x.isTensor()) return at::result_type(x.toTensor(), y.toScalar());
    if (y.isTensor()) return at::result_type(x.toScalar(), y.toTensor());
    // Between numbers of TorchScript, float stands for float64.
    return c10::promoteTypes(a.type(), b.type());
}

TracedOperation::TracedOperation(Graph& graph, std::string name, std::vector<std::string> arguments,
                                 std::vector<TracedValue> inputs, std::vector<TracedValue> results)
    : graph_(graph),
      name_(std::move(name)),
      arguments_(std::move(arguments)),
      inputs_(std::move(inputs)),
      results_(std::move(results)) {}

bool TracedOperation::has(const std::string& argument) const {
    return std::find(arguments_.begin(), arguments_.end(), argument) != arguments_.end();
}

bool TracedOperation::given(const std::string& argument) const {
    return has(argument) && !input(argument).is_none();
}

const TracedValue& TracedOperation::input(const std::string& argument) const {
    const auto place = std::find(arguments_.begin(), arguments_.end(), argument);
    require(place != arguments_.end(), "this form of it, without '", argument, "', has no ONNX form here");
    return inputs_.at(static_cast<size_t>(place - arguments_.begin()));
}

Term TracedOperation::term(const TracedValue& value) {
    return term_of(graph_, value);
}

Term TracedOperation::term(const std::string& argument) {
    return term(input(argument));
}

Term TracedOperation::term(const std::string& argument, at::ScalarType type) {
    const TracedValue& value = input(argument);
    // A constant is stored in the type that is needed; a large one as it is, so that it is stored once.
    if (value.name.empty() && (!value.is_tensor() || value.example().numel() == 1)) {
        const c10::IValue& constant = value.seen.front();
        const at::Tensor tensor =
            constant.isTensor() ? constant.toTensor() : at::scalar_tensor(constant.toScalar(), value.type());
        return {&graph_, graph_.constant(tensor.to(type)), type};
    }
    return cast(term(value), type);
}

std::pair<Term, Term> TracedOperation::operands(const std::string& a, const std::string& b) {
    if (!has(a) && has("a")) return operands("a", "b");
    const at::ScalarType computed = computing_type(promoted_type(input(a), input(b)));
    return {term(a, computed), term(b, computed)};
}

Terms TracedOperation::terms(const std::string& argument) {
    const TracedValue& list = input(argument);
    Terms terms;
    for (const TracedValue& element : list.elements) terms.push_back(term(element));
    return terms;
}

Term TracedOperation::shape(const std::string& argument) {
    const TracedValue& list = input(argument);
    if (!list.in_graph()) return {&graph_, graph_.integers(integers(argument)), at::kLong};
    Terms parts;
    for (const TracedValue& element : list.elements) parts.push_back(unsqueeze(term(element), {0}));
    return concat_terms(parts, 0);
}

const c10::IValue& TracedOperation::same(const std::string& argument) const {
    const TracedValue& value = input(argument);
    require(!value.in_graph(), "its '", argument, "' follows from the batch, and must be a fixed value in ONNX");
    return value.seen.front();
}

int64_t TracedOperation::integer(const std::string& argument) const {
    const c10::IValue& value = same(argument);
    return value.isTensor() ? value.toTensor().item<int64_t>() : value.toInt();
}

double TracedOperation::number(const std::string& argument) const {
    const c10::IValue& value = same(argument);
    return value.isTensor() ? value.toTensor().item<double>() : value.toScalar().toDouble();
}

bool TracedOperation::flag(const std::string& argument) const {
    return same(argument).toBool();
}

std::string TracedOperation::text(const std::string& argument) const {
    return same(argument).toStringRef();
}

std::vector<int64_t> TracedOperation::integers(const std::string& argument) const {
    const c10::IValue& value = same(argument);
    return value.isInt() ? std::vector<int64_t>{value.toInt()} : value.toIntVector();
}

at::Tensor TracedOperation::constant(const std::string& argument) const {
    return same(argument).toTensor();
}

double TracedOperation::number_or(const std::string& argument, double otherwise) const {
    return given(argument) ? number(argument) : otherwise;
}

bool TracedOperation::flag_or(const std::string& argument, bool otherwise) const {
    return given(argument) ? flag(argument) : otherwise;
}

int64_t TracedOperation::dim(const std::string& argument, const std::string& of) const {
    return from_front(integer(argument), input(of).n_dims());
}

std::vector<int64_t> TracedOperation::dims(const std::string& argument, const std::string& of) const {
    const int64_t rank = input(of).n_dims();
    std::vector<int64_t> dims = given(argument) ? integers(argument) : std::vector<int64_t>();
    if (dims.empty()) {
        dims.resize(static_cast<size_t>(rank));
        std::iota(dims.begin(), dims.end(), 0);
    }
    for (int64_t& dim : dims) dim = from_front(dim, rank);
    if (rank == 0) dims.clear();
    std::sort(dims.begin(), dims.end());
    return dims;
}

int64_t TracedOperation::fixed_size(const std::string& argument, int64_t dim) const {
    const int64_t size = input(argument).size(dim);
    require(size != kFree, "dimension ", dim, " of its '", argument,
            "' follows from the batch, and must have a fixed size in ONNX");
    return size;
}

Term TracedOperation::as_result(const Term& x) const {
    const std::vector<int64_t> sizes = result().sizes();
    require(std::count(sizes.begin(), sizes.end(), kFree) <= 1,
            "more than one size of its result follows from the batch");
    return reshape(x, sizes);
}

}  // namespace embark::onnx
