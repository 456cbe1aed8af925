#pragma once

#include <string>
#include <utility>
#include <vector>

#include "term.h"
#include "traced_value.h"

namespace embark::onnx {

/// One operation of a traced forward, while it becomes nodes of a graph: its arguments by their names in PyTorch's
/// schema, and its results, of which types and sizes are known since the forward has been run on examples.
class TracedOperation {
public:
    /// `name` is that of a schema, as "aten::add"; `arguments` are the names of `inputs`.
    TracedOperation(Graph& graph, std::string name, std::vector<std::string> arguments, std::vector<TracedValue> inputs,
                    std::vector<TracedValue> results);

    Graph& graph() { return graph_; }
    const std::string& name() const { return name_; }

    /// Whether it has that argument, and whether it is given and not None.
    bool has(const std::string& argument) const;
    bool given(const std::string& argument) const;
    const TracedValue& input(const std::string& argument) const;

    /// An argument as a value of the graph; of another type where one is asked for. A number is a scalar.
    Term term(const std::string& argument);
    Term term(const std::string& argument, at::ScalarType type);
    Term term(const TracedValue& value);
    /// Two operands in the type that PyTorch computes with, or the one that stands for it in the graph. Where there is no
    /// such argument, they are two numbers of TorchScript, "a" and "b".
    std::pair<Term, Term> operands(const std::string& a = "self", const std::string& b = "other");
    /// The elements of a list of tensors.
    Terms terms(const std::string& argument);
    /// A list of integers as a 1-d tensor of the graph.
    Term shape(const std::string& argument);

    // Arguments that are the same for every batch. Throw Error where one follows from the batch.
    int64_t integer(const std::string& argument) const;
    double number(const std::string& argument) const;
    bool flag(const std::string& argument) const;
    std::string text(const std::string& argument) const;
    std::vector<int64_t> integers(const std::string& argument) const;
    at::Tensor constant(const std::string& argument) const;
    /// The same, where it may be left out or None.
    double number_or(const std::string& argument, double otherwise) const;
    bool flag_or(const std::string& argument, bool otherwise) const;

    /// A dimension of argument `of`, counted from the front.
    int64_t dim(const std::string& argument, const std::string& of = "self") const;
    /// Dimensions of argument `of`, counted from the front; all of them where none are given.
    std::vector<int64_t> dims(const std::string& argument, const std::string& of = "self") const;
    /// Size of an argument along a dimension. Throws Error where it follows from the batch.
    int64_t fixed_size(const std::string& argument, int64_t dim) const;

    const TracedValue& result(size_t i = 0) const { return results_.at(i); }
    at::ScalarType type() const { return result().type(); }
    /// Says that result `i` is a packed sequence, of which the graph keeps the padded one with these lengths.
    void set_lengths(size_t i, const std::string& lengths) { results_.at(i).lengths = lengths; }
    /// `x` in the first result's shape: what it needs to be a Reshape.
    Term as_result(const Term& x) const;

private:
    const c10::IValue& same(const std::string& argument) const;

    Graph& graph_;
    std::string name_;
    std::vector<std::string> arguments_;
    std::vector<TracedValue> inputs_, results_;
};

/// The type of what PyTorch makes of two operands, numbers or tensors.
at::ScalarType promoted_type(const TracedValue& a, const TracedValue& b);

/// A term for what `value` is, a constant too.
Term term_of(Graph& graph, const TracedValue& value);

}  // namespace embark::onnx
