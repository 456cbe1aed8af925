#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace c10 {
struct IValue;
}
namespace torch::jit {
struct Graph;
struct Value;
}  // namespace torch::jit

namespace embark {

/// How a number of a traced forward follows from the free sizes of its inputs: found from its values in several traces,
/// and written into the graph in their place.
class SizeFormula {
public:
    /// The formula that gives `values`, integers or floating-point numbers, for `sizes`, one row of free sizes a value.
    /// It is sought among a·s + b·t, with s and t sizes, products of two of them, and 1; a·q + b with q = (s + c) / d rounded
    /// down, as sizes become in convolutions; and for numbers that are no integers c·s and c / s. Nothing where none fits, and where the values are too few to
    /// tell which.
    static std::optional<SizeFormula> find(const std::vector<c10::IValue>& values,
                                           const std::vector<std::vector<int64_t>>& sizes);

    /// The number in `graph`, made at its insert point of `sizes`: an int, or a float where the values were.
    torch::jit::Value* emit(torch::jit::Graph& graph, const std::vector<torch::jit::Value*>& sizes) const;

private:
    /// The product of two free sizes; the last index, one past them, stands for 1.
    using Monomial = std::array<size_t, 2>;
    using Sizes = std::vector<std::vector<int64_t>>;

    static int64_t value_of(const Monomial& monomial, const std::vector<int64_t>& sizes);
    static std::optional<SizeFormula> find_sum(const std::vector<int64_t>& values, const Sizes& sizes);
    static std::optional<SizeFormula> find_quotient(const std::vector<int64_t>& values, const Sizes& sizes);
    static std::optional<SizeFormula> find_real(const std::vector<double>& values, const Sizes& sizes);
    /// With the a and b that fit, of a quotient that is set.
    std::optional<SizeFormula> with_factors(const std::vector<int64_t>& values, const Sizes& sizes) const;
    bool is_same_function(const SizeFormula& other, size_t n_sizes) const;
    std::optional<SizeFormula> checked(const std::vector<int64_t>& values, const Sizes& sizes) const;
    int64_t integer(const std::vector<int64_t>& sizes) const;

    /// a · q + b · t as an integer, with q = (s + shift) / divisor; where `real` is not 0, real · s, or real / s.
    Monomial s_ = {}, t_ = {};
    int64_t a_ = 0, b_ = 0, shift_ = 0, divisor_ = 1;
    double real_ = 0;
    bool over_size_ = false;
    bool is_float_ = false;
};

}  // namespace embark
